"""Everything about forms and what is sent to them."""
