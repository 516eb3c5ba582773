"""Declared configuration: files are read, compared with the server, and applied by the REST API."""
