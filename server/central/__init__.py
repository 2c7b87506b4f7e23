"""ODK Central's REST API, one file per resource as Central names it."""
