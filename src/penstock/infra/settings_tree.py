"""The tree of settings: names, defaults and descriptions; `infra/settings` loads them."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

MIB: Final = 1024 * 1024
_REDIS_URL: Final = re.compile(
    r"(rediss?://([^/?#\s]*@)?(\[\S+?\]|[^\[\]:@/?#\s]+)(:\d+)?([/?]\S*)?|unix://\S+"
    r"|rediss?\+sentinel://([^:@/\s]*:[^@/\s]*@)?[^/@?#\s:]+(:\d+)?(,[^/@?#\s:,]+(:\d+)?)*/[\w.-]+"
    r"(/\d{1,4})?(\?sentinel_password=[^&#\s]*)?)$"
)

Port = Annotated[int, Field(ge=1, le=65535)]


def _parts(value: object) -> object:
    """Splits a text at commas; returns any other value unchanged."""
    return [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(one)) for one in value)


def _redis_url(value: SecretStr) -> SecretStr:
    if (url := value.get_secret_value()) and not _REDIS_URL.match(url):
        raise ValueError(
            "it names no server as redis://, rediss:// or unix://, and no Sentinels as"
            " redis+sentinel://HOST,HOST/SERVICE"
        )
    return value


Listed = Annotated[tuple[str, ...], BeforeValidator(_parts)]
Networks = Annotated[Listed, AfterValidator(_networks)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]


class Section(BaseModel):
    """A group of settings: one TOML table."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class GatewaySettings(Section):
    """The data plane, which applications call. Names follow `gateway.call_limits`."""

    port: Port = Field(default=4000, description="Port that applications call.")
    workers: int = Field(
        default=1, ge=1, le=256, description="Gateway processes; they share the port."
    )
    max_in_flight: int = Field(
        default=1024,
        ge=1,
        description="Concurrent calls per worker; further ones get 503 and Retry-After.",
    )
    max_connections: int = Field(
        default=10_000,
        ge=16,
        description="Maximum open connections per worker. Above it the connection that has been "
        "idle longest is closed.",
    )
    max_connections_per_peer: int = Field(
        default=0,
        ge=0,
        description="Maximum open connections from one address; 0: a quarter of all.",
    )
    project_share: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Maximum share of calls and body bytes for one project; 1: all.",
    )
    key_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Maximum share of calls and body bytes for one key; 1: all.",
    )
    held_body_bytes: int = Field(
        default=256 * MIB,
        ge=MIB,
        description="Memory per worker for requests (at least 4 of the largest) and held answers.",
    )
    max_body_bytes: int = Field(
        default=20 * MIB, ge=1024, description="Maximum size of a request; larger ones get 413."
    )
    max_upload_bytes: int = Field(
        default=512 * MIB, ge=1024, description="Maximum size of an uploaded file with its form."
    )
    body_timeout_s: float = Field(
        default=30.0, gt=0, description="Timeout for receiving a request body, or 1 MiB of a file."
    )
    capture_request_bytes: int = Field(
        default=MIB, ge=0, description="Maximum recorded size of a request."
    )
    capture_response_bytes: int = Field(
        default=MIB // 8, ge=0, description="Maximum recorded size of an answer."
    )
    keep_alive_s: float = Field(
        default=10.0,
        gt=0,
        description="A stream that has no answer after this time gets its headers and a comment.",
    )
    media_private_hosts: Listed = Field(
        default=(), description="Private host:port from which media by URL may be fetched."
    )
    drain_s: float = Field(
        default=30.0, ge=0, description="Time that a stop waits for running calls."
    )
    retire_s: float = Field(
        default=900.0,
        ge=0,
        description="Time that a worker gets for its calls after a rolling restart has replaced "
        "it; then it is stopped.",
    )
    cache_max_bytes: int = Field(
        default=512 * MIB, ge=0, description="Maximum disk space of cached answers; 0: none."
    )
    tls_certificate: str = Field(
        default="",
        description="PEM file with certificate and chain, read again on changes; empty: no TLS.",
    )
    tls_key: str = Field(default="", description="PEM file with its key; empty: in the same file.")
    redis_url: RedisUrl = Field(
        default=SecretStr(""),
        description="Redis or Valkey, as redis://user:password@host:6379/0 (rediss:// for TLS), "
        "for limits over several machines; empty: limits count on each machine.",
    )
    redis_allowance: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="Share of a limit that one machine may use while Redis is away, if the limit "
        "admits calls then.",
    )
    redis_cache_bytes: int = Field(
        default=64 * MIB,
        ge=0,
        description="Maximum size of cached answers of one project on Redis; 0: answers are "
        "cached on each machine.",
    )


class ServerSettings(Section):
    """The control plane: REST API, console, stores."""

    port: Port = Field(default=4001, description="Port of the REST API and the console.")
    allowed_hosts: Listed = Field(
        default=(), description="Additional host names of the server, separated by commas."
    )
    max_connections: int = Field(
        default=10_000,
        ge=16,
        description="Maximum open connections. Above it the connection that has been idle longest "
        "is closed.",
    )
    max_connections_per_peer: int = Field(
        default=0,
        ge=0,
        description="Maximum open connections from one address; 0: a quarter of all.",
    )
    secure_cookie: bool = Field(
        default=False,
        description="Secure cookies: the console is used over TLS only (behind a proxy).",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="PostgreSQL URL; its password may be in PGPASSFILE. Empty: SQLite in the home.",
    )
    columns_dsn: SecretStr = Field(
        default=SecretStr(""), description="ClickHouse URL; empty: embedded chDB in the home."
    )
    unclaimed_days: int = Field(
        default=7, ge=1, description="Retention in days of calls without a project (wrong keys)."
    )
    unclaimed_calls_per_hour: int = Field(
        default=3600, ge=0, description="Maximum calls without a project that are stored per hour."
    )
    tls_certificate: str = Field(
        default="", description="As gateway.tls_certificate, for this port; cookies are secure."
    )
    tls_key: str = Field(default="", description="As gateway.tls_key, for this port.")


class SpoolSettings(Section):
    """The spool: call records that are not stored yet."""

    quota_bytes: int = Field(
        default=1024 * MIB,
        ge=MIB,
        description="Maximum disk space for records that the server has not stored yet.",
    )
    project_share: float = Field(
        default=0.9, gt=0, le=1, description="Maximum share of it for one project; 1: all."
    )


class EvaluationSettings(Section):
    """Evaluations."""

    sandbox_command: str = Field(
        default="",
        description="Command that runs the tests of generated code in isolation, such as a "
        "container; {folder} in it is the folder of the files. Empty: such code never runs.",
    )
    sandbox_timeout_s: float = Field(
        default=20.0, gt=0, le=100, description="Time of one such command; then it is killed."
    )
    libraries_python: str = Field(
        default="",
        description="Python that has RAGAS, DeepEval, TruLens or Inspect, for the evaluators that "
        "use them. Empty: the Python of Penstock.",
    )
    ray_address: str = Field(
        default="",
        description="Ray cluster whose machines do evaluation runs, such as head:6379; they call "
        "the gateway at gateway_url. Empty: this machine.",
    )


class SimulatorSettings(Section):
    """The simulated provider of an installation."""

    latency_ms: float = Field(
        default=120.0,
        ge=0,
        le=60_000,
        description="Time to the first token of the simulated provider of `penstock up`.",
    )
    tokens_per_second: float = Field(
        default=80.0, ge=0, le=1e6, description="Its speed after the first token; 0: no delay."
    )


class Settings(Section):
    """All settings. Field names are the TOML keys; sections are the TOML tables."""

    home: Path = Field(
        default=Path("~/.penstock"), description="Directory with all files of this installation."
    )
    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on; 0.0.0.0 allows access from the network.",
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="Networks of reverse proxies, separated by commas; no connection limit there.",
    )
    forwarded_header: str = Field(
        default="",
        pattern=r"^([A-Za-z0-9-]{1,64})?$",
        description="Header in which these proxies name the client, such as x-forwarded-for.",
    )
    demo: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="The simulated provider; auto: runs if no other provider exists.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="Minimum level of log messages on standard error."
    )
    metrics_open: bool = Field(
        default=False, description="/metrics shows names, tokens and costs without metrics.token."
    )
    server_url: str = Field(
        default="",
        description="URL of the server for the command line; empty: the one that runs in the home.",
    )
    gateway_url: str = Field(
        default="",
        description="URL of the gateway for console and `penstock demo`; empty: as above.",
    )
    api_key: SecretStr = Field(
        default=SecretStr(""),
        description="API key for the command line; empty: the one in bootstrap.json.",
    )
    gateway: GatewaySettings = GatewaySettings()
    server: ServerSettings = ServerSettings()
    spool: SpoolSettings = SpoolSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    simulator: SimulatorSettings = SimulatorSettings()
