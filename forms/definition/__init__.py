"""Pure: an XForm read into a Definition, once per form version."""
