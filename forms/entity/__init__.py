"""Pure: what a submission says about entities."""
