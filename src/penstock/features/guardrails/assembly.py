"""Builds the vertical of guardrail policies."""

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.guardrails.http import guardrail_routes
from penstock.features.guardrails.service import GuardrailService
from penstock.features.vertical import Vertical
from penstock.infra.registry import Registry
from penstock.spi.guard import Detector


def build(context: Context, guards: Guards) -> Vertical:
    """Builds the vertical."""
    detectors: Registry[Detector] = Registry("penstock.guards")
    guardrails = GuardrailService(context, detectors)
    return Vertical(routers=(guardrail_routes(guards.require, guardrails),), sections=(guardrails,))
