"""`redis+sentinel://user:password@host:26379,host2:26379/SERVICE/DB`: a primary by the Sentinels
that know it. A client asks them with each new connection, so a failover is a new connection.
"""

import re
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

_URL: Final = re.compile(
    r"redis(?P<tls>s?)\+sentinel://(?:(?P<user>[^:@/]*):(?P<password>[^@/]*)@)?"
    r"(?P<hosts>[^/@?#]+)/(?P<service>[\w.-]+)(?:/(?P<database>\d{1,4}))?"
    r"(?:\?sentinel_password=(?P<sentinel_password>[^&#]*))?"
)
_PORT: Final = 26379


class SentinelAddress(NamedTuple):
    """`hosts`: the Sentinels. `options`: of connections to the primary; `sentinel_options`: to the
    Sentinels."""

    hosts: list[tuple[str, int]]
    service: str
    options: dict[str, Any]
    sentinel_options: dict[str, Any]


def read_sentinel_url(url: str) -> SentinelAddress | None:
    """Returns the parts of a URL; `None` for one of a Redis server itself."""
    found = _URL.fullmatch(url)
    if found is None:
        return None
    tls = {"ssl": True} if found["tls"] else {}
    options: dict[str, Any] = {"db": int(found["database"] or 0), **tls}
    if found["user"]:
        options["username"] = unquote(found["user"])
    if found["password"]:
        options["password"] = unquote(found["password"])
    sentinel_options: dict[str, Any] = dict(tls)
    if found["sentinel_password"]:
        sentinel_options["password"] = unquote(found["sentinel_password"])
    hosts = [_host(text) for text in found["hosts"].split(",")]
    return SentinelAddress(hosts, found["service"], options, sentinel_options)


def _host(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if host and port.isdecimal():
        return host.strip("[]"), int(port)
    return text.strip("[]"), _PORT
