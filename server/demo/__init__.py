"""Demo data: invented people whose stories come in through the front door, as real submissions of the programme's forms."""
