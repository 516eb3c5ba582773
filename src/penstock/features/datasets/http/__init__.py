"""The REST routes of datasets."""
