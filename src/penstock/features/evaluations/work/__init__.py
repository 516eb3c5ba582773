"""The work on a run, in the worker: calls, measurements, ledger, report."""
