"""The configuration of the server process: paths, ports, limits. Secrets are in the home."""

from pathlib import Path

import msgspec

from penstock.infra.http_server import HttpLimits
from penstock.infra.tls import CertificateFiles


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`database_url` and `columns_dsn`: empty = the stores in the home. `allowed_hosts`: additional
    host names of this server. `secure_cookie`: reached over TLS only. `gateway_url`: the URL for
    applications, which the console shows."""

    home: str
    host: str = "127.0.0.1"
    port: int = 4001
    gateway_url: str = "http://127.0.0.1:4000"
    gateway_certificate: str = ""  # file with the certificate of a gateway on this machine
    database_url: str = ""
    columns_dsn: str = ""
    redis_url: str = ""  # of the gateways' counters; empty: the file in the home
    unclaimed_days: int = 7
    unclaimed_calls_per_hour: int = 3_600
    allowed_hosts: tuple[str, ...] = ()
    secure_cookie: bool = False
    body_limit_bytes: int = 1024 * 1024  # of one request, authenticated clients
    import_limit_bytes: int = 8 * 1024 * 1024  # of facts, prices, items of datasets, calls
    anonymous_body_limit_bytes: int = 64 * 1024  # of one request, other clients
    batch_limit_bytes: int = 96 * 1024 * 1024  # of a gateway's batch of call records
    authenticated_bodies_bytes: int = 256 * 1024 * 1024  # in memory, of authenticated clients
    anonymous_bodies_bytes: int = 16 * 1024 * 1024  # in memory, of other clients
    simulator_url: str = ""  # base URL of the simulator, if it runs
    find_providers: bool = True
    console: str = ""  # folder of the built console; empty: the package's own
    http: HttpLimits = HttpLimits()
    tls: CertificateFiles = CertificateFiles()
    drain_s: float = 10.0
    log_level: str = "info"
    metrics_open: bool = False  # /metrics shows routes without a token

    @property
    def home_path(self) -> Path:
        """Returns the home as an absolute path."""
        return Path(self.home).expanduser().absolute()
