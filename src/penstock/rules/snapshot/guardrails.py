"""`<project_id>/guardrails`: the guardrail policies of a project."""

from typing import Final

from penstock.rules.guardrails import GuardrailsSection
from penstock.rules.snapshot.section import plain_section

GUARDRAILS: Final = plain_section("guardrails", GuardrailsSection)
