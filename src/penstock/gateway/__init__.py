"""The data plane: one pipeline for every surface. Start reading at `pipeline.py`.

Never here: SQL, features, and any wait for telemetry.
"""
