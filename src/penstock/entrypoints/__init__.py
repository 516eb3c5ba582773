"""Composition roots: the only code that imports plugins, gateway and verticals together."""
