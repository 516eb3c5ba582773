"""The simulated provider: speaks OpenAI's wire format, is deterministic by seed, injects faults.

Serves demos, drills and load tests. It shares no wire code with the gateway that it tests, and
imports only the kernel. `entrypoints/sim.py` runs it as a process.
"""
