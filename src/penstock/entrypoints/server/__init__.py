"""The server process: REST API, console, ingestion; owns the stores.

`python -m penstock.entrypoints.server '<ServerConfig as JSON>'`; see `config`, `process`.
"""
