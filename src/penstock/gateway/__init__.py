"""The data plane: one pipeline for every surface. `pipeline.py` is where to begin reading.

Deliberately not here: SQL, features, and any wait for telemetry.
"""
