"""The REST routes of identity and their request and response bodies."""
