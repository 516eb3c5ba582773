"""Which models the patterns of a key allow. The only place that says so."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def allows(patterns: Sequence[str], provider: str, model: str) -> bool:
    """Whether one of `patterns` fits the model that `provider` knows as `model`.

    No patterns allow everything. A pattern with a slash is `provider/model`: the part before its
    first slash must fit the provider's name, the rest the model. A pattern without a slash must
    fit the model, whichever provider serves it; it never matches a provider's name. `*`, `?` and
    `[…]` are wildcards, case counts, and in a model `*` also matches slashes.
    """
    return not patterns or any(_fits(pattern, provider, model) for pattern in patterns)


def _fits(pattern: str, provider: str, model: str) -> bool:
    of_provider, slash, of_model = pattern.partition("/")
    if not slash:
        return fnmatchcase(model, pattern)
    return fnmatchcase(provider, of_provider) and fnmatchcase(model, of_model)
