"""The benchmark: Penstock, its peers and nginx behind one load generator, in one run.

Run as `python -m bench` (or `make bench`); `docs/benchmarks.md` says what is measured and how.
"""
