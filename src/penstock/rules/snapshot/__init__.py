"""The snapshot: the configuration of gateways, compiled by the server.

A tree: a root lists sections by content hash; gateways fetch only the changed ones. Each kind of
section has its own module; `kinds.KINDS` lists them.
"""
