"""A form filled in by an answer file, as a tablet would let it be filled: the form designer's unit test."""
