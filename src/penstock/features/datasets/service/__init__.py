"""The services of datasets."""
