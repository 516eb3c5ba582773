"""Computes what must change so that the server has what the files declare."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.files import Configuration, located, raise_problems
from penstock.entrypoints.cli.declared.guardrails import GuardrailKind
from penstock.entrypoints.cli.declared.limits import LimitKind
from penstock.entrypoints.cli.declared.model import (
    ConfigurationPlan,
    Declared,
    Existing,
    ObjectAction,
    ObjectChange,
    ObjectKind,
)
from penstock.entrypoints.cli.declared.prices import PriceKind
from penstock.entrypoints.cli.declared.providers import ProviderKind, listed_models
from penstock.entrypoints.cli.declared.rollouts import RolloutKind
from penstock.entrypoints.cli.declared.routes import RouteKind
from penstock.entrypoints.cli.declared.use_cases import UseCaseKind
from penstock.entrypoints.cli.declared.webhooks import WebhookKind
from penstock.kernel.errors import PenstockError


class DeclaredKinds(NamedTuple):
    """All kinds, in the order in which they are created: routes need their providers. A new kind is
    a line here and in `kinds_of`."""

    providers: ProviderKind
    routes: RouteKind
    use_cases: UseCaseKind
    rollouts: RolloutKind
    prices: PriceKind
    limits: LimitKind
    guardrails: GuardrailKind
    webhooks: WebhookKind


def kinds_of(api: Api, project: str) -> DeclaredKinds:
    """Returns the kinds of a project. `project` is its path in the REST API."""
    return DeclaredKinds(
        ProviderKind(api, project),
        RouteKind(api, project),
        UseCaseKind(api, project),
        RolloutKind(api, project),
        PriceKind(api, project),
        LimitKind(api, project),
        GuardrailKind(api, project),
        WebhookKind(api, project),
    )


def make_plan(
    kinds: DeclaredKinds,
    declared: Configuration,
    *,
    prune: bool = False,
    keep: Collection[str] = (),
) -> ConfigurationPlan:
    """Compares everything. `prune`: objects that no file names are deleted, of the kinds that files
    name. `keep`: kinds of which what exists is not changed. Raises `InvalidRequest` with all
    problems, one in a line."""
    made: list[ObjectChange] = []
    deleted: list[ObjectChange] = []
    unmanaged: list[tuple[str, str]] = []
    problems: list[str] = []
    state = {kind.key: kind.read() for kind in kinds}
    for kind in kinds:
        left = list(state[kind.key])
        for each, found in _matched(kind, declared.get(kind.key, ()), left):
            made += _changed(kind, each, found, problems, kept=kind.key in keep)
        others = [each for each in left if not each.automatic]
        if prune and kind.key in declared:
            deleted = [*map(kind.delete, others), *deleted]
        else:
            unmanaged += [(kind.noun, each.name) for each in others]
    problems += _unusable_routes(kinds, declared, state, made, deleted)
    problems += _unusable_rollouts(kinds, declared, state, made, deleted)
    raise_problems(problems)
    return ConfigurationPlan((*made, *deleted), tuple(unmanaged))


def _matched(
    kind: ObjectKind, declared: Sequence[Declared], left: list[Existing]
) -> Iterator[tuple[Declared, Existing | None]]:
    """Each declared object with the one that exists, which is removed from `left`. Those with more
    fields choose first: a price with a time before one without."""
    for each in sorted(declared, key=lambda one: -len(one.content)):
        found = kind.find(each, left)
        if found is not None:
            left.remove(found)
        yield each, found


def _changed(
    kind: ObjectKind, each: Declared, found: Existing | None, problems: list[str], *, kept: bool
) -> list[ObjectChange]:
    if found is not None and kept:
        return [ObjectChange(kind.noun, each.name, ObjectAction.KEEP)]
    try:
        return [kind.change(each, found)]
    except PenstockError as error:
        if error.param is None and error.status not in (400, 422):
            raise
        problems.append(located(error, each.place).message)
        return []


def _unusable_routes(
    kinds: DeclaredKinds,
    declared: Configuration,
    state: Mapping[str, Sequence[Existing]],
    made: Sequence[ObjectChange],
    deleted: Sequence[ObjectChange],
) -> list[str]:
    """The problems of routes. Those that stay as they are need their providers only."""
    gone = [change.name for change in deleted if change.noun == kinds.providers.noun]
    listed = listed_models(state[kinds.providers.key], declared.get(kinds.providers.key, ()), gone)
    changing = {
        change.name for change in made if change.noun == kinds.routes.noun if change.pending
    }
    problems: list[str] = []
    for each in declared.get(kinds.routes.key, ()):
        known = listed if each.name in changing else dict.fromkeys(listed, ())
        try:
            kinds.routes.check(each, known)
        except PenstockError as error:
            problems.append(located(error, each.place).message)
    return problems


def _unusable_rollouts(
    kinds: DeclaredKinds,
    declared: Configuration,
    state: Mapping[str, Sequence[Existing]],
    made: Sequence[ObjectChange],
    deleted: Sequence[ObjectChange],
) -> list[str]:
    """The problems of rollouts that change."""
    gone = {change.name for change in deleted if change.noun == kinds.use_cases.noun}
    use_cases = {each.name: each.content for each in state[kinds.use_cases.key]}
    use_cases = {name: content for name, content in use_cases.items() if name not in gone}
    use_cases |= {each.name: each.content for each in declared.get(kinds.use_cases.key, ())}
    present = {each.name: each for each in state[kinds.rollouts.key]}
    changing = {each.name for each in made if each.noun == kinds.rollouts.noun if each.pending}
    problems: list[str] = []
    for each in declared.get(kinds.rollouts.key, ()):
        if each.name in changing:
            try:
                kinds.rollouts.check(each, use_cases, present.get(each.name))
            except PenstockError as error:
                problems.append(located(error, each.place).message)
    return problems
