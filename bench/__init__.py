"""The benchmark: Penstock, other gateways and nginx under the same load, in one run.

Run it with `make bench` or `python -m bench`. docs/benchmarks.md describes the measurements.
"""
