"""Penstock as users run it: server and gateway as two commands, with all features.

The gateway has its own core. The server stores the records on the load generator's core.
"""

import shutil
import sys
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final

from bench.contenders import OPENAI_PATHS, ROUTES, Bench, Entry
from bench.process import free_port, started, wait_http
from bench.server import Api, Server
from bench.workloads import MODEL

COMMAND: Final = Path(sys.executable).parent / "penstock"
# Ten seconds of 32 kB prompts at full speed exceed the default quota of the spool.
_SETTINGS: Final = {"PENSTOCK_SPOOL__QUOTA_BYTES": str(64 * 2**30), "PENSTOCK_LOG_LEVEL": "error"}
_LIMITS: Final[tuple[dict[str, str | int], ...]] = (
    {"name": "requests", "measure": "requests", "amount": 10**9, "window": "minute"},
    {"name": "tokens", "measure": "tokens", "amount": 10**12, "window": "minute"},
    {"name": "budget", "measure": "spend", "amount": 10**6, "window": "month"},
)
_PLACES: Final = ("input", "context", "tool_arguments", "tool_results", "output")


def penstock_with_policies(bench: Bench) -> AbstractContextManager[Entry]:
    """The same with limits, a budget, guardrail checks of both detectors in all places, and cache
    look-ups that find nothing."""
    return penstock(bench, policies=True)


def command_of(checkout: Path) -> Path:
    """Returns the command `penstock` of another checkout, with its own environment. Raises
    `FileNotFoundError` if that is not set up."""
    command = checkout.resolve() / ".venv/bin/penstock"
    if not command.exists():
        raise FileNotFoundError(f"{command} is missing: run `make setup` in {checkout}")
    return command


@contextmanager
def penstock(
    bench: Bench,
    environment: Mapping[str, str] | None = None,
    *,
    policies: bool = False,
    command: Path = COMMAND,
) -> Generator[Entry, None, None]:
    """`penstock server` and `penstock gateway --server …`, each with its own home."""
    settings = {**_SETTINGS, **(environment or {})}
    folder = bench.folder / f"penstock-{free_port()}"
    server_home, gateway_home = folder / "server", folder / "gateway"
    api, port = Api(free_port(), server_home), free_port()
    server = [str(command), "server", "--home", str(server_home), "--server-port", str(api.port)]
    log = bench.log("penstock-server")
    with started(server, cores=bench.cores.load, log=log, env=settings) as process:
        wait_http(f"http://127.0.0.1:{api.port}/readyz", process, log, patience_s=60)
        _add_providers(api, bench)
        if policies:
            _add_policies(api)
        gateway_home.mkdir(mode=0o700)
        shutil.copy2(server_home / "gateway.token", gateway_home)
        gateway = [str(command), "gateway", "--server", f"http://127.0.0.1:{api.port}"]
        gateway += ["--home", str(gateway_home), "--gateway-port", str(port)]
        log = bench.log("penstock-gateway")
        with started(gateway, cores=bench.cores.gateway, log=log, env=settings) as plane:
            wait_http(f"http://127.0.0.1:{port}/readyz", plane, log, patience_s=60)
            models = {route: f"{route}/{MODEL}" for route in ROUTES}
            store = Server(process.pid, api, port)
            yield Entry(
                *(port, plane.pid, OPENAI_PATHS, models),
                token=api.key,
                server=store,
                asks_cache=policies,
            )
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


def _add_policies(api: Api) -> None:
    """Adds limits that are never reached, and checks that find nothing."""
    project = api.call("GET", "/projects")["items"][0]
    for limit in _LIMITS:
        api.call("POST", f"/projects/{project['id']}/limits", limit)
    checks = [
        {"detector": detector, "places": list(_PLACES), "action": "redact"}
        for detector in ("secrets", "card_numbers")
    ]
    policy = {"name": "all", "checks": checks}
    api.call("POST", f"/projects/{project['id']}/guardrails", policy)
