"""`<project_id>/routes`: the routes of a project, as its gateways follow them."""

from enum import StrEnum
from typing import Final

from penstock.rules.document import Document
from penstock.rules.snapshot.section import plain_section


class HealthCheck(StrEnum):
    """The ways to check the targets of a route while no call meets them."""

    MODELS = "models"  # the provider's list of models
    CALL = "call"  # a chat of a few tokens


class TargetCondition(Document, frozen=True):
    """The calls that a target is for: those that fulfil all that is set here. `only`: values of
    attributes and tags, as for limits. `headers`: values, by the lower-case name. `languages` (ISO
    639-1) and `code` (programming languages, or `any`): one of them is in the last text of the
    user. `media`: the request has one of these kinds, or `none`. `min_tokens` and `max_tokens`:
    the estimated input; 0 is no bound."""

    only: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies the default
    headers: dict[str, tuple[str, ...]] = {}  # noqa: RUF012 - msgspec copies the default
    languages: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    min_tokens: int = 0
    max_tokens: int = 0


class RouteTarget(Document, frozen=True):
    """A model that a route may call. Lower `priority` goes first; among targets of one priority
    the strategy chooses, and `weight` is the share. `after`: the target is only for calls that
    failed elsewhere for one of these causes (`rules.attempts.failure_causes`); empty: for all
    calls. `when`: the target is only for such calls; `None`: for all."""

    provider: str
    model: str
    weight: int = 1
    priority: int = 0
    after: tuple[str, ...] = ()
    when: TargetCondition | None = None


class RouteShadow(Document, frozen=True):
    """A model that `percent` of the calls of a route are sent to as well, in the background; at
    most `max_calls` at once in each gateway worker. Its answers are recorded only."""

    provider: str
    model: str
    percent: float = 1.0
    max_calls: int = 4


class RouteEntry(Document, frozen=True):
    """A route: the name that callers send as `model`, its targets and limits. `strategy` is an
    entry point in `penstock.strategies`. `max_attempts` counts the first one. A time limit of 0 is
    none: those of the provider apply. `health_check`: how (`HealthCheck`; empty: not) and how often
    a target is checked that has answered no call for that long. `hedge_percent` of the streams may
    be sent to a second target if the first one has no content after `hedge_after_ms` (0: longer
    than nineteen of twenty calls). `shadow`: a share of the calls also goes to another target,
    whose answer nobody sees. `cache_s`: seconds for which answers are cached, for calls without a
    header about that; 0: not."""

    name: str
    version: int
    targets: tuple[RouteTarget, ...]
    strategy: str = "weighted"
    max_attempts: int = 3
    first_token_timeout_ms: int = 0
    total_timeout_ms: int = 0
    health_check: str = ""
    health_check_s: int = 30
    hedge_percent: int = 0
    hedge_after_ms: int = 0
    shadow: RouteShadow | None = None
    cache_s: int = 0


class RoutesSection(Document, frozen=True):
    """The routes of one project."""

    project_id: str
    routes: tuple[RouteEntry, ...] = ()


ROUTES: Final = plain_section("routes", RoutesSection)
