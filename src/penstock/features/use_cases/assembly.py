"""Builds the vertical of use cases."""

from collections.abc import Callable, Collection, Sequence

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.use_cases.http import use_case_routes
from penstock.features.use_cases.model import QualityCriterion
from penstock.features.use_cases.service import (
    CheckRunning,
    ListModels,
    NamesOf,
    UseCaseService,
    get_use_case,
)
from penstock.features.use_cases.store import USE_CASES
from penstock.features.vertical import Vertical

__all__ = ["build", "criteria_of", "get_use_case", "open_use_cases", "use_case_names"]


def use_case_names(context: Context) -> NamesOf:
    """Returns the function that finds the names of a project's use cases."""

    def find(project_id: str) -> Collection[str]:
        with context.database.read() as connection:
            return [each.entry.name for each in USE_CASES.list(connection, project_id)]

    return find


def criteria_of(context: Context) -> Callable[[str, str], Sequence[QualityCriterion]]:
    """Returns the function that finds the quality criteria of a use case."""

    def find(project_id: str, name: str) -> Sequence[QualityCriterion]:
        with context.database.read() as connection:
            return get_use_case(connection, project_id, name).entry.criteria

    return find


def open_use_cases(
    context: Context,
    listed_models: ListModels,
    route_names: NamesOf,
    in_use: Callable[[str, str], Collection[str]],
    check_running: CheckRunning,
) -> UseCaseService:
    """Returns the service; rollouts need it, too. `in_use` returns the environments in which a use
    case has a release; `check_running` refuses changes that these do not meet."""
    return UseCaseService(context, listed_models, route_names, in_use, check_running)


def build(guards: Guards, use_cases: UseCaseService) -> Vertical:
    """Builds the vertical."""
    return Vertical(routers=(use_case_routes(guards.require, use_cases),))
