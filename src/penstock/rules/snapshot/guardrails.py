"""`<project_id>/guardrails`: the guardrail policies of a project."""

from typing import Final

from penstock.rules.guards.plan import GuardrailIndex
from penstock.rules.guards.policies import GuardrailsSection
from penstock.rules.snapshot.section import SectionKind

GUARDRAILS: Final = SectionKind("guardrails", GuardrailsSection, GuardrailIndex, GuardrailIndex)
