"""The tables of datasets."""
