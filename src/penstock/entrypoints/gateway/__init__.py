"""One gateway worker: serves the data plane on the shared port.

`python -m penstock.entrypoints.gateway '<GatewayConfig as JSON>'`; see `config`, `process`.
"""
