"""The simulated provider, a product: OpenAI's wire format, deterministic by seed, with faults.

Serves demos, drills and load tests. It shares no wire code with the gateway that it tests, and
imports nothing but the kernel; the process around it is `entrypoints/sim.py`.
"""
