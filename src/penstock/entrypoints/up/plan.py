"""Derives the programs of an installation and their configurations from the settings.

The configurations are `GatewayConfig`, `ServerConfig`, `WorkerConfig` and `SimConfig`. They are
written as plain JSON here, because importing these classes would import the processes.
"""

import json
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from penstock.entrypoints.up.child import Program, ServedPort
from penstock.infra.home import Home
from penstock.infra.networks import LOOPBACK
from penstock.infra.settings_tree import GatewaySettings, ServerSettings, Settings

_OF_THE_HTTP_SERVER: Final = {"max_connections", "max_connections_per_peer"}
_OF_REDIS: Final = {"redis_url", "redis_allowance", "redis_cache_bytes"}
_OF_TLS: Final = {"tls_certificate", "tls_key"}
_OF_STORES: Final = {"database_url", "columns_dsn"}  # may have passwords
_OF_THE_PROCESS: Final = {"port", "workers", "cache_max_bytes", "retire_s"}
_NOT_OF_THE_PIPELINE: Final = _OF_THE_PROCESS | _OF_THE_HTTP_SERVER | _OF_REDIS | _OF_TLS


class StopRank(IntEnum):
    """The order of the stop: a running call still needs provider and server."""

    WORKERS = 0
    GATEWAYS = 1
    BACKENDS = 2


def gateways(settings: Settings, server_url: str) -> list[Program]:
    """One program per gateway worker."""
    certificate = certificate_of(settings.gateway)["certificate"]
    port = ServedPort(settings.gateway.port, "--gateway-port", certificate)
    listen, rank = (settings.host, port.number), StopRank.GATEWAYS
    return [
        _program(f"gateway-{number}", "gateway", rank, config, port=port, listen=listen)
        for number in range(1, settings.gateway.workers + 1)
        for config in [_gateway(settings, server_url, str(number))]
    ]


def server(settings: Settings, simulator_url: str = "") -> Program:
    """The server. Registers `simulator_url` as the provider `sim`, if given."""
    config: dict[str, Any] = settings.server.model_dump(
        mode="json", exclude=_OF_THE_HTTP_SERVER | _OF_TLS | _OF_STORES
    )
    tls = certificate_of(settings.server)
    config |= _place(settings) | {
        "port": settings.server.port,
        "database_url": settings.server.database_url.get_secret_value(),
        "columns_dsn": settings.server.columns_dsn.get_secret_value(),
        "http": _http(settings, settings.server),
        "tls": tls,
        "secure_cookie": settings.server.secure_cookie or bool(tls["certificate"]),
        **_gateway_of(settings),
        "redis_url": settings.gateway.redis_url.get_secret_value(),
    }
    if simulator_url:
        config["simulator_url"] = simulator_url
    port = ServedPort(settings.server.port, "--server-port", tls["certificate"])
    return _program("server", "server", StopRank.BACKENDS, config, announces=False, port=port)


def worker(settings: Settings, *, only_when_wanted: bool = True) -> Program:
    """The worker: it runs while there are jobs, or always."""
    config: dict[str, Any] = {
        "home": str(settings.home),
        "log_level": settings.log_level,
        "database_url": settings.server.database_url.get_secret_value(),
        **_gateway_of(settings),
        **settings.evaluation.model_dump(mode="json"),
    }
    if not only_when_wanted:
        return _program("worker", "worker", StopRank.WORKERS, config | {"idle_s": None})
    wanted = str(Home(settings.home).work_wanted)
    return _program("worker", "worker", StopRank.WORKERS, config, announces=False, wanted=wanted)


def simulator(settings: Settings, host: str, port: int) -> Program:
    """The simulated provider; without settings it has the latency and speed of a real one."""
    config = {"host": host, "port": port, **settings.simulator.model_dump(mode="json")}
    return _program("simulator", "sim", StopRank.BACKENDS, config)


def local_server_url(settings: Settings) -> str:
    """The server's URL on this machine."""
    return _local_url(settings, settings.server)


def local_gateway_url(settings: Settings) -> str:
    """The gateway's URL on this machine."""
    return _local_url(settings, settings.gateway)


def certificate_of(section: GatewaySettings | ServerSettings) -> dict[str, str]:
    """The files of a port's certificate, as `CertificateFiles`; empty paths without TLS."""
    paths = (section.tls_certificate, section.tls_key)
    certificate, key = (str(Path(each).expanduser().absolute()) if each else "" for each in paths)
    return {"certificate": certificate, "key": key}


def _local_url(settings: Settings, section: GatewaySettings | ServerSettings) -> str:
    scheme = "https" if section.tls_certificate else "http"
    return f"{scheme}://{connect_host(settings.host)}:{section.port}"


def connect_host(host: str) -> str:
    """The host to connect to for a host to listen on."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"[{host}]" if ":" in host else host


def _gateway(settings: Settings, server_url: str, worker: str) -> dict[str, Any]:
    limits = settings.gateway.model_dump(mode="json", exclude=_NOT_OF_THE_PIPELINE)
    return _place(settings) | {
        "port": settings.gateway.port,
        "server_url": server_url,
        "server_certificate": certificate_of(settings.server)["certificate"]
        if server_url == local_server_url(settings)
        else "",
        "tls": certificate_of(settings.gateway),
        "worker": worker,
        "limits": limits,
        "cache_max_bytes": settings.gateway.cache_max_bytes,
        "redis": {
            "url": settings.gateway.redis_url.get_secret_value(),
            "allowance": settings.gateway.redis_allowance,
            "cache_bytes": settings.gateway.redis_cache_bytes,
        },
        "http": _http(settings, settings.gateway),
        "spool": settings.spool.model_dump(mode="json"),
    }


def _gateway_of(settings: Settings) -> dict[str, str]:
    """The gateway that server and worker call."""
    own = certificate_of(settings.gateway)["certificate"]
    return {
        "gateway_url": settings.gateway_url or local_gateway_url(settings),
        "gateway_certificate": "" if settings.gateway_url else own,
    }


def _http(settings: Settings, section: GatewaySettings | ServerSettings) -> dict[str, Any]:
    return {
        "max_connections": section.max_connections,
        "max_connections_per_peer": section.max_connections_per_peer,
        "trusted_peers": [*LOOPBACK, *settings.trusted_proxies],
        "forwarded_header": settings.forwarded_header,
        "forwarding_peers": settings.trusted_proxies,
    }


def _place(settings: Settings) -> dict[str, Any]:
    return {
        "home": str(settings.home),
        "host": settings.host,
        "log_level": settings.log_level,
        "metrics_open": settings.metrics_open,
    }


def _program(
    name: str,
    module: str,
    rank: StopRank,
    config: Mapping[str, object],
    *,
    announces: bool = True,
    port: ServedPort | None = None,
    listen: tuple[str, int] | None = None,
    wanted: str = "",
) -> Program:
    path = f"penstock.entrypoints.{module}"
    return Program(name, path, json.dumps(config), rank, announces, port, listen, wanted)
