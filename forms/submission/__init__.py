"""Pure: what a device sent, read without asking the database."""
