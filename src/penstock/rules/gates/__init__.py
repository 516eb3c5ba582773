"""The gate: whether a candidate may follow a baseline, decided from two runs on the same items."""
