"""The configuration of one gateway worker. Its secrets are in the home, but for Redis's URL."""

import msgspec

from penstock.gateway.auth_failures import FailureLimits
from penstock.gateway.call_limits import CallLimits
from penstock.infra.http_server import HttpLimits
from penstock.infra.spool.policy import SpoolLimits
from penstock.infra.tls import CertificateFiles


class RedisConfig(msgspec.Struct, frozen=True):
    """`url` may contain a password; empty: everything is counted and cached on this machine."""

    url: str = ""
    allowance: float = 0.1  # share of a limit that a machine may use while Redis is away
    cache_bytes: int = 64 * 1024 * 1024  # of cached answers of one project; 0: on this machine


class GatewayConfig(msgspec.Struct, frozen=True):
    """`home` holds `gateway.token`, `snapshot/`, `spool/` and `run/`. Durations are in seconds."""

    home: str
    host: str = "127.0.0.1"
    port: int = 4000
    listen_fd: int = -1  # a bound socket that was inherited; without it the worker binds its own
    server_url: str = "http://127.0.0.1:4001"
    server_certificate: str = ""  # file with the certificate of a server on this machine
    tls: CertificateFiles = CertificateFiles()
    worker: str = "1"
    limits: CallLimits = CallLimits()
    failures: FailureLimits = FailureLimits()
    cache_max_bytes: int = 512 * 1024 * 1024  # of cached answers in the home, after each sweep
    metrics_open: bool = False  # /metrics shows provider and model names without a token
    redis: RedisConfig = RedisConfig()
    spool: SpoolLimits = SpoolLimits()
    http: HttpLimits = HttpLimits()
    ship_rest_s: float = 3.0  # at a stop: what is not shipped by then stays on disk
    first_snapshot_s: float = 10.0  # after that the worker listens without a snapshot
    log_level: str = "info"
