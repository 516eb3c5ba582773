"""Matches models against the patterns of a key. The only place that defines their meaning."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def allows(patterns: Sequence[str], provider: str, model: str) -> bool:
    """Returns true if one of `patterns` matches the model `model` of `provider`.

    Without patterns everything is allowed. A pattern with a slash is `provider/model`: the part
    before the first slash must match the provider's name, the rest the model. A pattern without a
    slash must match the model of any provider; it never matches a provider's name. `*`, `?` and
    `[…]` are wildcards; matching is case-sensitive, and `*` in a model also matches slashes.
    """
    return not patterns or any(_matches(pattern, provider, model) for pattern in patterns)


def may_use(patterns: Sequence[str], provider: str) -> bool:
    """Returns true if `patterns` may allow some model of `provider`, as far as its name says."""
    parts = (pattern.partition("/") for pattern in patterns)
    return not patterns or any(not slash or fnmatchcase(provider, of) for of, slash, _ in parts)


def _matches(pattern: str, provider: str, model: str) -> bool:
    of_provider, slash, of_model = pattern.partition("/")
    if not slash:
        return fnmatchcase(model, pattern)
    return fnmatchcase(provider, of_provider) and fnmatchcase(model, of_model)
