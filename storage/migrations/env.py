"""What Alembic runs to reach a migration; `storage.migrating` hands it the connection and, for a draft, the tables."""

from alembic import context

attributes = context.config.attributes
context.configure(
    connection=attributes["connection"],
    target_metadata=attributes["metadata"],
    render_item=attributes["render_item"],
    # SQLite cannot alter a column: Alembic rebuilds the table instead.
    render_as_batch=attributes["connection"].dialect.name == "sqlite",
    transaction_per_migration=False,
)
context.run_migrations()
