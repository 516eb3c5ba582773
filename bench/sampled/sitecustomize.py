"""Python imports this module at its start if its folder is in PYTHONPATH (see `bench.steps`)."""

from bench.sampling import start_in_child

start_in_child()
