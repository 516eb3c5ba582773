"""Builds the vertical of rollouts."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy import Connection

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.rollouts.amend_http import amend_routes
from penstock.features.rollouts.amending import AmendService
from penstock.features.rollouts.comparing import ComparisonService
from penstock.features.rollouts.comparison_http import (
    comparison_change_routes,
    comparison_end_routes,
    comparison_routes,
    comparison_start_routes,
)
from penstock.features.rollouts.deciding import RolloutDecisions
from penstock.features.rollouts.directions import HigherIsBetter
from penstock.features.rollouts.http import rollout_change_routes, rollout_routes
from penstock.features.rollouts.measures import RolloutMeasures
from penstock.features.rollouts.model import FindRelease, FindUseCase, StoredRollout
from penstock.features.rollouts.service import (
    LoadBundles,
    RequireProof,
    RolloutService,
    find_rollout,
)
from penstock.features.rollouts.store import ROLLOUTS
from penstock.features.vertical import Vertical
from penstock.infra.columns import ColumnStore
from penstock.infra.registry import Registry
from penstock.infra.stored_documents import StoredDocument
from penstock.rules.limits.documents import LimitEntry
from penstock.rules.rollouts.documents import Rollout
from penstock.rules.rollouts.shadow_budget import shadow_budget
from penstock.spi.rollout_rule import RolloutRule


def served_environments(context: Context) -> Callable[[str, str], Collection[str]]:
    """Returns the function that finds the environments in which a use case has a release."""

    def find(project_id: str, use_case: str) -> Collection[str]:
        with context.database.read() as connection:
            found = [each.entry for each in ROLLOUTS.list(connection, project_id)]
        return [each.environment for each in found if each.arms and each.use_case == use_case]

    return find


def running_releases(
    connection: Connection, project_id: str, use_case: str
) -> Mapping[str, Collection[str]]:
    """Returns the releases that answer a use case, by environment."""
    found = [each.entry for each in ROLLOUTS.list(connection, project_id)]
    return {
        each.environment: {arm.release for arm in each.arms}
        for each in found
        if each.use_case == use_case and each.arms
    }


def get_rollout(context: Context) -> Callable[[str, str, str], StoredRollout]:
    """Returns the function that finds the rollout of a use case in an environment."""

    def find(project_id: str, use_case: str, environment: str) -> StoredRollout:
        with context.database.read() as connection:
            return find_rollout(connection, project_id, Rollout(use_case, environment, 0, ()))

    return find


def places_of_release(context: Context) -> Callable[[str, str], Sequence[tuple[str, str]]]:
    """Returns the function that finds the use cases and environments that a release answers."""

    def find(project_id: str, digest: str) -> Sequence[tuple[str, str]]:
        with context.database.read() as connection:
            found = [each.entry for each in ROLLOUTS.list(connection, project_id)]
        return [
            (each.use_case, each.environment)
            for each in found
            if any(arm.release == digest for arm in each.arms)
        ]

    return find


def shadow_budgets(context: Context) -> Callable[[], Sequence[StoredDocument[LimitEntry]]]:
    """Returns the function that lists the budgets of the shadows of all projects."""

    def find() -> Sequence[StoredDocument[LimitEntry]]:
        with context.database.read() as connection:
            found = ROLLOUTS.of_all_projects(connection)
        return [
            StoredDocument(project_id, budget, 0)
            for project_id, rollouts in found.items()
            for rollout in rollouts
            if (budget := shadow_budget(rollout)) is not None
        ]

    return find


def build(
    context: Context,
    guards: Guards,
    use_case: FindUseCase,
    release: FindRelease,
    bundles: LoadBundles,
    *,
    require_proof: RequireProof,
    columns: Callable[[], ColumnStore],
    higher_is_better: HigherIsBetter,
) -> Vertical:
    """Builds the vertical. `columns` returns the open store of calls and scores, or raises."""
    rollouts = RolloutService(context, use_case, release, bundles, require_proof)
    rules: Registry[RolloutRule] = Registry("penstock.rollout_rules")
    comparisons = ComparisonService(context, rollouts, RolloutMeasures(columns), rules.get)
    return Vertical(
        routers=(
            rollout_routes(guards.require, rollouts),
            rollout_change_routes(guards.require, rollouts),
            comparison_routes(guards.require, comparisons),
            comparison_start_routes(guards.require, comparisons, higher_is_better),
            comparison_change_routes(guards.require, comparisons),
            comparison_end_routes(guards.require, comparisons),
            amend_routes(guards.require, AmendService(context, rollouts)),
        ),
        sections=(rollouts,),
        jobs=(RolloutDecisions(comparisons, context.clock).run,),
    )
