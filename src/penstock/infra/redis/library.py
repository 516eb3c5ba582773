"""The library redis-py: the only module that imports it, and only when a URL is configured."""

from typing import TYPE_CHECKING, Any, Final

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
    from redis.backoff import NoBackoff  # lazy: see above

    return redis.asyncio.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
        max_connections=1,
    )


def client_for_threads(url: str, timeout_s: float) -> "redis.Redis":
    """A client that tries once, with some connections."""
    import redis  # lazy: see above
    from redis.backoff import NoBackoff  # lazy: see above
    from redis.retry import Retry  # lazy: see above

    return redis.Redis.from_url(
        url,
        protocol=2,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), 0),
    )


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
