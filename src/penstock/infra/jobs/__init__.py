"""Durable jobs: a table in the relational database, and the loop that works on it."""
