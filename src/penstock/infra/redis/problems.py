"""The sentences for what is wrong with a Redis server."""

from collections.abc import Mapping
from typing import Final

MINIMUM: Final = (6, 2)
_KEEPS_ALL: Final = "noeviction"
_REPLICA: Final = (
    "This Redis server is a replica and takes no changes: name the primary in gateway.redis_url."
)
_NO_MEMORY: Final = "Redis has no memory left: raise its maxmemory."
_KNOWN: Final = {
    "Redis rejects user or password: correct them in gateway.redis_url.": (
        *("WRONGPASS", "NOAUTH", "AuthenticationError", "invalid password", "without any"),
    ),
    "The user of gateway.redis_url may not run what Penstock needs on Redis.": ("NOPERM",),
    _REPLICA: ("READONLY", "ReadOnlyError"),
    _NO_MEMORY: ("OOM", "OutOfMemoryError"),
    "This Redis server has only a part of the keys of a cluster: gateway.redis_url must name a "
    "server that has all.": ("MOVED", "MovedError", "CLUSTERDOWN", "CROSSSLOT"),
    "Redis is still loading its data.": ("LOADING", "BusyLoadingError"),
    "Redis cannot write to its disk, and takes no changes.": ("MISCONF",),
    "Redis does not know a command that Penstock needs.": ("unknown command",),
}


def problem_of_error(error: BaseException) -> str:
    """Returns the sentence for an error of the client. It never contains the URL."""
    if isinstance(error, TimeoutError):
        return "Redis does not answer in time."
    text = f"{type(error).__name__} {error}"
    for sentence, signs in _KNOWN.items():
        if any(sign in text for sign in signs):
            return sentence
    if "Timeout" in type(error).__name__:
        return "Redis does not answer in time."
    return f"Redis cannot be reached or used ({type(error).__name__})."


def problem_of_server(info: Mapping[str, object]) -> str:
    """Returns why a server cannot be used, by its own information; empty if it can."""
    version = str(info.get("redis_version", ""))
    numbers = [int(part) if part.isdecimal() else 0 for part in version.split(".")[:2]]
    if tuple(numbers) < MINIMUM:
        needed = ".".join(map(str, MINIMUM))
        return (
            f"Redis {version or '(unknown version)'} is too old: Penstock needs {needed} or newer."
        )
    if info.get("role") == "slave":
        return _REPLICA
    most, used = _number(info, "maxmemory"), _number(info, "used_memory")
    if most and used > most and _policy(info) == _KEEPS_ALL:
        return _NO_MEMORY
    return ""


def notice_of_server(info: Mapping[str, object]) -> str:
    """Returns what an operator should know about a server that works; empty if nothing."""
    policy = _policy(info)
    if policy != _KEEPS_ALL and _number(info, "maxmemory"):
        return (
            f"Redis may drop counters of limits when its memory is full (maxmemory-policy {policy}"
            "): set noeviction."
        )
    return ""


def _policy(info: Mapping[str, object]) -> str:
    return str(info.get("maxmemory_policy", _KEEPS_ALL))


def _number(info: Mapping[str, object], name: str) -> int:
    text = str(info.get(name, 0))
    return int(text) if text.isdecimal() else 0
