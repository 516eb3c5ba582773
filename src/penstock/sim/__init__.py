"""The simulated provider: speaks vendors' formats, is deterministic by seed, injects faults.

An answer is decided once (`prompts`, `answers`); each vendor's folder reads and checks requests,
and writes answers and errors. Serves demos, drills and load tests. It shares no wire code with the
gateway that it tests, and imports only the kernel. `entrypoints/sim.py` runs it as a process.
"""
