"""The questions asked of the database about projects, forms, submissions and entities: one function, one question."""
