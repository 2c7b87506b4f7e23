"""Everything that speaks: HTTP surfaces, pages, command line, worker."""
