"""The command line: a client of the REST API, and the door through which processes are started."""
