"""The two providers that all gateways share: nginx with canned answers, and paced streams."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import nginx
from bench.process import Cores, free_port, started, wait_http


@dataclass(frozen=True, slots=True)
class Providers:
    """The ports of the canned and the streaming provider. `pid` is that of the canned one."""

    canned: int
    paced: int
    pid: int

    def base_url(self, route: str) -> str:
        """The base URL of `small`, `large` or `paced`."""
        port = self.paced if route == "paced" else self.canned
        return f"http://127.0.0.1:{port}/{route}/v1"


@contextmanager
def running_providers(cores: Cores, folder: Path) -> Generator[Providers, None, None]:
    """Runs both until the end of the block."""
    canned, paced = free_port(), free_port()
    conf, log = nginx.provider_conf(folder / "provider", canned), folder / "provider.log"
    writer = [sys.executable, "-m", "bench.paced", str(paced)]
    with (
        started(nginx.command(conf), cores=cores.upstream, log=log) as process,
        started(writer, cores=cores.upstream, log=folder / "paced.log"),
    ):
        wait_http(f"http://127.0.0.1:{canned}/status", process, log, patience_s=10)
        yield Providers(canned, paced, process.pid)
