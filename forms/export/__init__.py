"""Pure: submissions on their way out, as CSV tables and OData rows."""
