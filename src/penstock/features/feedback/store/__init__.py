"""The tables of scores in the column store, and their queries."""
