"""Starts each gateway, pinned to a core, in front of the same two providers.

Each uses its vendor's production settings, explained in docs/benchmarks.md. Penstock itself is in
`bench/penstock.py`.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bench import nginx
from bench.process import Cores, free_port, started, wait_file, wait_http
from bench.providers import Providers
from bench.server import Server
from bench.workloads import MODEL

HERE: Final = Path(__file__).parent
MASTER_KEY: Final = "sk-bench-0123456789abcdef"


@dataclass(frozen=True, slots=True)
class Entry:
    """A running gateway. `pid` is 0 for direct calls. `path` and `model` are by route."""

    port: int
    pid: int
    path: Mapping[str, str]
    model: Mapping[str, str]
    token: str = ""
    server: Server | None = None  # stores the calls; None if they are not stored
    asks_cache: bool = False  # for answers that it does not have


@dataclass(frozen=True, slots=True)
class Bench:
    """What each gateway needs to start."""

    providers: Providers
    cores: Cores
    folder: Path

    def log(self, name: str) -> Path:
        """The log file of a process."""
        return self.folder / f"{name}.log"


Start = Callable[[Bench], AbstractContextManager[Entry]]

ROUTES: Final[tuple[str, ...]] = ("small", "large", "paced")
OPENAI_PATHS: Final[Mapping[str, str]] = dict.fromkeys(ROUTES, "/v1/chat/completions")
_OWN_PATHS: Final = {route: f"/{route}/v1/chat/completions" for route in ROUTES}
_PLAIN_MODEL: Final[Mapping[str, str]] = dict.fromkeys(ROUTES, MODEL)


def nginx_proxy(bench: Bench) -> AbstractContextManager[Entry]:
    """One nginx worker with keep-alive connections to both providers."""
    return _nginx(bench, nginx.proxy_conf)


def nginx_plain(bench: Bench) -> AbstractContextManager[Entry]:
    """nginx with `proxy_pass` only: a new connection to the provider for each call."""
    return _nginx(bench, nginx.plain_proxy_conf)


@contextmanager
def _nginx(
    bench: Bench, write: Callable[[Path, int, int, int], Path]
) -> Generator[Entry, None, None]:
    port, folder = free_port(), bench.folder / "nginx-proxy"
    conf = write(folder, port, bench.providers.canned, bench.providers.paced)
    log = bench.log("nginx-proxy")
    with started(nginx.command(conf), cores=bench.cores.gateway, log=log) as process:
        wait_http(f"http://127.0.0.1:{port}/status", process, log, patience_s=10)
        yield Entry(port, process.pid, _OWN_PATHS, _PLAIN_MODEL)


@contextmanager
def litellm(bench: Bench) -> Generator[Entry, None, None]:
    """LiteLLM's proxy: one worker, errors only in the log, master key, costs tracked in memory."""
    port = free_port()
    config = bench.folder / "litellm.yaml"
    config.write_text(_litellm_config(bench.providers))
    command = [str(HERE / ".env-litellm/bin/litellm"), "--config", str(config)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"]
    env = {
        "LITELLM_MASTER_KEY": MASTER_KEY,
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_LOG": "ERROR",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "PATH": f"{HERE / '.env-litellm/bin'}:/usr/bin:/bin",
    }
    log = bench.log("litellm")
    with started(command, cores=bench.cores.gateway, log=log, env=env) as process:
        wait_http(f"http://127.0.0.1:{port}/health/liveliness", process, log, patience_s=180)
        models = {route: route for route in ROUTES}
        yield Entry(port, process.pid, OPENAI_PATHS, models, token=MASTER_KEY)


@contextmanager
def tensorzero(bench: Bench) -> Generator[Entry, None, None]:
    """TensorZero's gateway from its wheel, without key check and observability."""
    config, ready = bench.folder / "tensorzero.toml", bench.folder / "tensorzero.url"
    config.write_text(_tensorzero_config(bench.providers))
    ready.unlink(missing_ok=True)
    python = HERE / ".env-tensorzero/bin/python"
    command = [str(python), str(HERE / "tensorzero_gateway.py"), str(config), str(ready)]
    log = bench.log("tensorzero")
    with started(command, cores=bench.cores.gateway, log=log) as process:
        url = urlsplit(wait_file(ready, process, log, patience_s=30))
        path = f"{url.path}/chat/completions"
        models = {route: f"tensorzero::model_name::{route}" for route in ROUTES}
        yield Entry(url.port or 0, process.pid, dict[str, str].fromkeys(ROUTES, path), models)


@contextmanager
def direct(bench: Bench) -> Generator[Entry, None, None]:
    """Calls the provider without a gateway: the cost of load generator and provider."""
    yield Entry(bench.providers.canned, 0, _OWN_PATHS, _PLAIN_MODEL)


def _litellm_config(providers: Providers) -> str:
    models = "".join(
        f"  - model_name: {route}\n"
        f"    litellm_params:\n"
        f"      model: openai/{MODEL}\n"
        f"      api_base: {providers.base_url(route)}\n"
        f"      api_key: none\n"
        for route in ROUTES
    )
    return (
        f"model_list:\n{models}"
        "litellm_settings:\n"
        "  request_timeout: 600\n"
        "  set_verbose: false\n"
        "  json_logs: true\n"
        "  telemetry: false\n"
        "general_settings:\n"
        "  master_key: os.environ/LITELLM_MASTER_KEY\n"
    )


def _tensorzero_config(providers: Providers) -> str:
    models = "".join(
        f'[models.{route}]\nrouting = ["canned"]\n'
        f'[models.{route}.providers.canned]\ntype = "openai"\nmodel_name = "{MODEL}"\n'
        f'api_base = "{providers.base_url(route)}/"\napi_key_location = "none"\n'
        for route in ROUTES
    )
    return f"[gateway]\nobservability.enabled = false\n{models}"
