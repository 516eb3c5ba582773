"""Penstock as users run it: server and gateway as two commands, with all features.

The gateway has its own core. The server stores the records on the load generator's core.
"""

import shutil
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.contenders import OPENAI_PATHS, ROUTES, Bench, Entry
from bench.process import free_port, started, wait_http
from bench.server import Api, Server
from bench.workloads import MODEL

COMMAND: Final = Path(sys.executable).parent / "penstock"
# Ten seconds of 32 kB prompts at full speed exceed the default quota of the spool.
_SETTINGS: Final = {"PENSTOCK_SPOOL__QUOTA_BYTES": str(64 * 2**30), "PENSTOCK_LOG_LEVEL": "error"}


@contextmanager
def penstock(
    bench: Bench, environment: Mapping[str, str] | None = None
) -> Generator[Entry, None, None]:
    """`penstock server` and `penstock gateway --server …`, each with its own home."""
    settings = {**_SETTINGS, **(environment or {})}
    folder = bench.folder / f"penstock-{free_port()}"
    server_home, gateway_home = folder / "server", folder / "gateway"
    api, port = Api(free_port(), server_home), free_port()
    server = [str(COMMAND), "server", "--home", str(server_home), "--server-port", str(api.port)]
    log = bench.log("penstock-server")
    with started(server, cores=bench.cores.load, log=log, env=settings) as process:
        wait_http(f"http://127.0.0.1:{api.port}/readyz", process, log, patience_s=60)
        _add_providers(api, bench)
        gateway_home.mkdir(mode=0o700)
        shutil.copy2(server_home / "gateway.token", gateway_home)
        gateway = [str(COMMAND), "gateway", "--server", f"http://127.0.0.1:{api.port}"]
        gateway += ["--home", str(gateway_home), "--gateway-port", str(port)]
        log = bench.log("penstock-gateway")
        with started(gateway, cores=bench.cores.gateway, log=log, env=settings) as plane:
            wait_http(f"http://127.0.0.1:{port}/readyz", plane, log, patience_s=60)
            models = {route: f"{route}/{MODEL}" for route in ROUTES}
            store = Server(process.pid, api, port)
            yield Entry(port, plane.pid, OPENAI_PATHS, models, token=api.key, server=store)
    shutil.rmtree(folder)


def _add_providers(api: Api, bench: Bench) -> None:
    project = api.call("GET", "/projects")["items"][0]
    for route in ROUTES:
        provider = {
            "name": route,
            "base_url": bench.providers.base_url(route),
            "models": [MODEL],
            "private_allowed": True,
            "vendor": "openai",
        }
        api.call("POST", f"/projects/{project['id']}/providers", provider)
