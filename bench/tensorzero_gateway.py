"""Starts the HTTP gateway that TensorZero's client carries, and stays. Runs in its own environment.

`python tensorzero_gateway.py CONFIG READY_FILE`; the ready file takes the base URL. The wheel has
no gateway executable, but the client's compiled module holds the same Rust gateway and serves its
OpenAI-compatible routes on a port of its own (that is how `patch_openai_client` works): after
the start no Python runs.
"""

import signal
import sys
from pathlib import Path

import tensorzero

if __name__ == "__main__":
    gateway = tensorzero._start_http_gateway(  # noqa: SLF001 - the wheel's only door to its server
        config_file=sys.argv[1],
        clickhouse_url=None,
        postgres_url=None,
        valkey_url=None,
        async_setup=False,
    )
    Path(sys.argv[2]).write_text(gateway.base_url)
    signal.pause()
