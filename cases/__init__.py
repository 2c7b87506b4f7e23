"""Case records: facts said by submissions, projected into one record per case."""
