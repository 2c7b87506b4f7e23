"""The ground: database, blobs, jobs, settings, problems."""
