"""Guardrail policies of a project: which checks its calls pass, where, and what a finding does."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from penstock.kernel.digests import content_hash
from penstock.rules.call_conditions import problem_of_conditions
from penstock.rules.document import Document

MAX_POLICIES: Final = 100  # of one project
MAX_NAME_CHARS: Final = 80  # of a policy's name, or a detector's
MAX_CHECKS: Final = 32  # of one policy
MAX_OPTIONS: Final = 32  # of one check
MAX_OPTION_CHARS: Final = 8192  # of the texts of one option
MAX_TIMEOUT_MS: Final = 60_000  # of a check
MAX_ASK_AGAIN: Final = 3  # further answers that the model is asked for

OptionValue = str | bool | int | float | tuple[str, ...]
Options = Mapping[str, OptionValue]


class Place(StrEnum):
    """A part of a call that a check can look at."""

    INPUT = "input"  # what the caller sends, beside the next three
    CONTEXT = "context"  # documents that were retrieved for the model
    TOOL_ARGUMENTS = "tool_arguments"  # in requests and answers
    TOOL_RESULTS = "tool_results"
    OUTPUT = "output"  # what the model answers, beside tool arguments and tool results


class Action(StrEnum):
    """The effect of a finding. A later one is stricter."""

    FLAG = "flag"  # it is recorded
    REDACT = "redact"  # a placeholder replaces it
    BLOCK = "block"  # the call ends with an error


class OnFailure(StrEnum):
    """The decision about a text that a check cannot judge: it failed, or its time was up."""

    CLOSED = "closed"  # the call ends with an error
    OPEN = "open"  # the text passes


class Check(Document, frozen=True):
    """One check: a detector (an entry point in `penstock.guards`), where it looks, and what its
    findings do. `timeout_ms` is for all texts of one call in one place if the check does I/O, else
    for one search. `ask_again`: how often the model is asked for another answer before an answer is
    blocked."""

    detector: str
    places: tuple[Place, ...]
    action: Action
    on_failure: OnFailure = OnFailure.CLOSED
    timeout_ms: int = 1000
    options: dict[str, OptionValue] = {}  # noqa: RUF012 - msgspec copies the default
    ask_again: int = 0


class GuardrailPolicy(Document, frozen=True):
    """The checks for some calls of a project. `only`: the values that a call must have, by
    dimension (`rules.call_conditions`); without conditions the policy is for all calls."""

    id: str
    name: str
    checks: tuple[Check, ...]
    version: int = 1
    only: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies the default

    @property
    def digest(self) -> str:
        """The digest of what decides about texts: not its name and conditions."""
        return content_hash(self.checks)


class GuardrailsSection(Document, frozen=True):
    """`<project_id>/guardrails`. All policies that are for a call apply to it."""

    project_id: str
    policies: tuple[GuardrailPolicy, ...] = ()


def problem_of(policy: GuardrailPolicy) -> str:
    """Returns what is wrong with a policy, as a sentence; empty if nothing is. Whether its
    detectors exist, and what options they have, is known to the plugins only."""
    if not policy.name or len(policy.name) > MAX_NAME_CHARS or not policy.name.isprintable():
        return f"A policy has a name of at most {MAX_NAME_CHARS} printable characters."
    if not 1 <= len(policy.checks) <= MAX_CHECKS:
        return f"A policy has 1 to {MAX_CHECKS} checks."
    problems = (_problem_of_check(check) for check in policy.checks)
    return next(filter(None, problems), "") or problem_of_conditions(policy.only)


def _problem_of_check(check: Check) -> str:
    if not check.detector or len(check.detector) > MAX_NAME_CHARS:
        return f"A check names a detector, with at most {MAX_NAME_CHARS} characters."
    if not check.places or len(set(check.places)) < len(check.places):
        return f"A check has one or more different places of {', '.join(Place)}."
    if not 1 <= check.timeout_ms <= MAX_TIMEOUT_MS:
        return f"The time limit of a check is 1 to {MAX_TIMEOUT_MS} milliseconds."
    return _problem_of_repetition(check) or _problem_of_options(check.options)


def _problem_of_repetition(check: Check) -> str:
    if not 0 <= check.ask_again <= MAX_ASK_AGAIN:
        return f"The model is asked again at most {MAX_ASK_AGAIN} times."
    if check.ask_again and (check.action != Action.BLOCK or Place.OUTPUT not in check.places):
        return "Only a check that blocks output can ask the model again."
    return ""


def _problem_of_options(options: Options) -> str:
    if len(options) > MAX_OPTIONS or any(len(name) > MAX_NAME_CHARS for name in options):
        return f"A check has at most {MAX_OPTIONS} options, with short names."
    for value in options.values():
        texts = value if isinstance(value, tuple) else (str(value),)
        if len(texts) > MAX_OPTION_CHARS or sum(map(len, texts)) > MAX_OPTION_CHARS:
            return f"The texts of an option have at most {MAX_OPTION_CHARS} characters."
    return ""
