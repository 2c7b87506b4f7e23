"""OData: each form as a service with a table for the form and one for each repeat."""
