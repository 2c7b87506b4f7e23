"""The questions that case records ask of the database."""
