"""What the server process is told: paths, ports, limits. No secrets: these stand in the home."""

from pathlib import Path

import msgspec

from penstock.infra.http_server import HttpLimits


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`database_url` and `columns_dsn`: empty = the home's own stores. `allowed_hosts`: names of
    this server besides this machine's own. `secure_cookie`: reached over TLS only. `gateway_url`:
    where applications call, for the console to say."""

    home: str
    host: str = "127.0.0.1"
    port: int = 4001
    gateway_url: str = "http://127.0.0.1:4000"
    database_url: str = ""
    columns_dsn: str = ""
    unclaimed_days: int = 7
    unclaimed_calls_per_hour: int = 3_600
    allowed_hosts: tuple[str, ...] = ()
    secure_cookie: bool = False
    body_limit_bytes: int = 1024 * 1024  # a request's, of a caller who is known
    stranger_body_limit_bytes: int = 64 * 1024  # a request's, of anybody else
    batch_limit_bytes: int = 96 * 1024 * 1024  # a gateway's batch of call records
    known_bodies_bytes: int = 256 * 1024 * 1024  # all bodies held at a time, of known callers
    stranger_bodies_bytes: int = 16 * 1024 * 1024  # all bodies held at a time, of the others
    simulator_url: str = ""  # base URL of the simulator that runs beside, if one does
    find_providers: bool = True
    console: str = ""  # folder of the built console; empty: the package's own
    http: HttpLimits = HttpLimits()
    drain_s: float = 10.0
    log_level: str = "info"
    metrics_open: bool = False  # /metrics tells routes to everybody

    @property
    def home_path(self) -> Path:
        """The home as an absolute path."""
        return Path(self.home).expanduser().absolute()
