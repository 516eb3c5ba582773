"""The catalog: providers, their models, and prices."""
