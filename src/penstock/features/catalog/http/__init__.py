"""The REST routes of the catalog and their request and response bodies."""
