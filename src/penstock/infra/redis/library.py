"""The library redis-py: the only module that imports it, and only when a URL is configured."""

from typing import TYPE_CHECKING, Any, Final

from penstock.infra.redis.sentinel import SentinelAddress, read_sentinel_url
from penstock.kernel.errors import SetupError

if TYPE_CHECKING:
    import redis
    from redis.asyncio import Redis

# What the server says when it can do nothing now: all commands wait, or fail.
_UNUSABLE: Final = (
    "ReadOnlyError",
    "OutOfMemoryError",
    "BusyLoadingError",
    "AuthenticationError",
    "AuthorizationError",
    "NoPermissionError",
    "ClusterDownError",
    "MasterDownError",
    "MovedError",
)
_UNUSABLE_WORDS: Final = ("READONLY", "OOM ", "MISCONF", "NOREPLICAS", "LOADING", "NOAUTH")


def require_library() -> None:
    """Raises `SetupError` if the library is not installed."""
    try:
        import redis  # lazy: 10 MB that an installation without Redis never needs
    except ImportError as error:
        raise SetupError(
            "gateway.redis_url is set, but the Redis client is not installed.",
            hint="Install penstock[redis].",
        ) from error
    del redis


def async_client(url: str, timeout_s: float) -> "Redis":
    """A client that tries once, with one connection."""
    import redis.asyncio  # lazy: see above
    from redis.asyncio.retry import Retry  # lazy: see above
    from redis.asyncio.sentinel import Sentinel  # lazy: see above
    from redis.backoff import NoBackoff  # lazy: see above

    options = _waits(timeout_s)
    options |= {"retry": Retry(NoBackoff(), 0), "max_connections": 1}
    if (named := read_sentinel_url(url)) is None:
        return redis.asyncio.Redis.from_url(url, **options)
    asking = _asking(named, timeout_s) | {"retry": Retry(NoBackoff(), 0)}
    found = Sentinel(named.hosts, sentinel_kwargs=asking)
    return found.master_for(named.service, **options, **named.options)


async def close_client(client: "Redis") -> None:
    """Closes a client, and its connections to Sentinels."""
    await client.aclose()
    manager: Any = getattr(client.connection_pool, "sentinel_manager", None)
    for sentinel in manager.sentinels if manager else ():
        await sentinel.aclose()


def client_for_threads(url: str, timeout_s: float) -> "redis.Redis":
    """A client that tries once, with some connections."""
    import redis  # lazy: see above
    from redis.backoff import NoBackoff  # lazy: see above
    from redis.retry import Retry  # lazy: see above
    from redis.sentinel import Sentinel  # lazy: see above

    options = _waits(timeout_s) | {"retry": Retry(NoBackoff(), 0)}
    if (named := read_sentinel_url(url)) is None:
        return redis.Redis.from_url(url, **options)
    asking = _asking(named, timeout_s) | {"retry": Retry(NoBackoff(), 0)}
    found = Sentinel(named.hosts, sentinel_kwargs=asking)
    return found.master_for(named.service, **options, **named.options)


def _waits(timeout_s: float) -> dict[str, Any]:
    return {"protocol": 2, "socket_timeout": timeout_s, "socket_connect_timeout": timeout_s}


def _asking(named: SentinelAddress, timeout_s: float) -> dict[str, Any]:
    """The options for Sentinels: all of them may be asked within the time of one answer."""
    return _waits(timeout_s / (len(named.hosts) + 1)) | named.sentinel_options


def close_thread_client(client: "redis.Redis") -> None:
    """The same for a client of threads."""
    client.close()
    manager: Any = getattr(client.connection_pool, "sentinel_manager", None)
    for sentinel in manager.sentinels if manager else ():
        sentinel.close()


def is_error(reply: object) -> bool:
    """Returns whether a command failed."""
    return isinstance(reply, Exception)


def is_missing_script(reply: object) -> bool:
    """Returns whether the server does not have the script."""
    return type(reply).__name__ == "NoScriptError"


def is_unusable(reply: Any) -> bool:
    """Returns whether a command failed because the server can do nothing now."""
    if not isinstance(reply, Exception):
        return False
    names = {each.__name__ for each in type(reply).__mro__}
    return not names.isdisjoint(_UNUSABLE) or any(word in str(reply) for word in _UNUSABLE_WORDS)
