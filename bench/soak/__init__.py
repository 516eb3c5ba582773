"""The soak test: hostile and honest load on one machine. Measures the effect on honest clients and
on the memory of the processes.
"""
