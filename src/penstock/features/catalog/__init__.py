"""What can be called and what it costs: providers, their models, prices."""
