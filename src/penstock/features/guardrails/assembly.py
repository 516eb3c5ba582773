"""Builds the vertical of guardrail policies."""

from collections.abc import Callable

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.guardrails.http import guardrail_routes
from penstock.features.guardrails.service import GuardrailService
from penstock.features.guardrails.store import POLICIES
from penstock.features.vertical import Vertical
from penstock.infra.registry import Registry
from penstock.spi.guard import Detector


def build(context: Context, guards: Guards) -> Vertical:
    """Builds the vertical."""
    detectors: Registry[Detector] = Registry("penstock.guards")
    guardrails = GuardrailService(context, detectors)
    return Vertical(routers=(guardrail_routes(guards.require, guardrails),), sections=(guardrails,))


def has_policies(context: Context) -> Callable[[str], bool]:
    """Returns the function that says whether a project has guardrail policies."""

    def has(project_id: str) -> bool:
        with context.database.read() as connection:
            return POLICIES.count(connection, project_id) > 0

    return has
