"""Runs the HTTP gateway in TensorZero's client package. Runs in its own environment.

`python tensorzero_gateway.py CONFIG READY_FILE` writes the base URL to the ready file. The wheel
has no gateway executable, but the client's compiled module contains the same Rust gateway and
serves its OpenAI-compatible routes (`patch_openai_client` uses it). No Python runs after the start.
"""

import signal
import sys
from pathlib import Path

import tensorzero

if __name__ == "__main__":
    gateway = tensorzero._start_http_gateway(  # noqa: SLF001 - the only function that starts its server
        config_file=sys.argv[1],
        clickhouse_url=None,
        postgres_url=None,
        valkey_url=None,
        async_setup=False,
    )
    Path(sys.argv[2]).write_text(gateway.base_url)
    signal.pause()
