"""The command line: a client of the REST API, and the commands that start processes."""
