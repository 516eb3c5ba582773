"""Conditions of a route's targets: which calls a target is for."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from penstock.rules.call_conditions import (
    MAX_CONDITIONS,
    MAX_VALUE_CHARS,
    MAX_VALUES,
    TARGET,
    CallConditions,
    CallFacts,
    problem_of_conditions,
)
from penstock.rules.code_languages import known_code_languages
from penstock.rules.evaluation.language import known_languages
from penstock.rules.neutral.conversation import MediaKind
from penstock.rules.request_content import NO_MEDIA, RequestContent
from penstock.rules.snapshot.routes import TargetCondition

LONGEST_TOKENS: Final = 100_000_000  # of an input
_HEADER: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}")
# Their values are secrets: a condition would show one to everybody who reads routes.
_SECRET_HEADERS: Final = frozenset(
    ("authorization", "proxy-authorization", "cookie", "api-key", "x-api-key", "x-goog-api-key")
)


class TargetConditionTest:
    """A condition, ready for calls."""

    def __init__(self, condition: TargetCondition) -> None:
        self._condition = condition
        self._only = CallConditions(condition.only)
        self._headers = [
            (name.encode(), frozenset(value.encode() for value in values))
            for name, values in condition.headers.items()
        ]
        self.reads_content = bool(condition.languages or condition.code or condition.media)
        self.reads_tokens = bool(condition.min_tokens or condition.max_tokens)

    def admits(
        self,
        facts: CallFacts,
        headers: Mapping[bytes, bytes],
        content: RequestContent,
        tokens: int,
    ) -> bool:
        """Returns whether a call fulfils it. `tokens`: its estimated input."""
        wanted = self._condition
        return (
            self._only.match(facts)
            and all(headers.get(name) in values for name, values in self._headers)
            and (not wanted.languages or content.language in wanted.languages)
            and (not wanted.code or not content.code.isdisjoint(wanted.code))
            and (not wanted.media or not content.media.isdisjoint(wanted.media))
            and tokens >= wanted.min_tokens
            and (not wanted.max_tokens or tokens <= wanted.max_tokens)
        )


def problem_of_condition(condition: TargetCondition) -> str:
    """Returns what is wrong with a condition, as a sentence; empty if nothing is."""
    if condition == TargetCondition():
        return "The condition is empty: leave `when` out, or say for which calls the target is."
    if of_target := sorted(TARGET.intersection(condition.only)):
        return f"{of_target[0]!r} is what the route decides: no condition can be on it."
    return (
        problem_of_conditions(condition.only)
        or _problem_of_headers(condition.headers)
        or _problem_of_names("language", condition.languages, known_languages())
        or _problem_of_names("code", condition.code, (*known_code_languages(), "any"))
        or _problem_of_names("media", condition.media, (*MediaKind, NO_MEDIA))
        or _problem_of_tokens(condition)
    )


def _problem_of_headers(headers: Mapping[str, tuple[str, ...]]) -> str:
    if len(headers) > MAX_CONDITIONS:
        return f"There are at most {MAX_CONDITIONS} headers."
    for name, values in headers.items():
        if not _HEADER.fullmatch(name):
            return f"{name[:64]!r} is not the name of a header in lower case."
        if name in _SECRET_HEADERS:
            return f"The header {name!r} has a secret: no condition can be on it."
        if not 1 <= len(values) <= MAX_VALUES or max(map(len, values)) > MAX_VALUE_CHARS:
            return f"A header has 1 to {MAX_VALUES} values of {MAX_VALUE_CHARS} characters."
    return ""


def _problem_of_names(what: str, values: Collection[str], known: Collection[str]) -> str:
    if unknown := sorted(set(values).difference(known)):
        return f"{unknown[0][:64]!r} is no known {what}. Known are {', '.join(sorted(known))}."
    return ""


def _problem_of_tokens(condition: TargetCondition) -> str:
    least, most = condition.min_tokens, condition.max_tokens
    if not 0 <= least <= LONGEST_TOKENS or not 0 <= most <= LONGEST_TOKENS:
        return f"Numbers of tokens are 0 to {LONGEST_TOKENS:,}."
    if most and least > most:
        return f"No input has at least {least} and at most {most} tokens."
    return ""
