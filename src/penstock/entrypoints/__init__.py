"""Composition roots: the only place where plugins, planes and verticals meet."""
