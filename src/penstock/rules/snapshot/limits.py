"""`<project_id>/limits`: the limits and budgets of a project."""

from typing import Final

from penstock.rules.limit_index import LimitIndex
from penstock.rules.limits import LimitsSection
from penstock.rules.snapshot.section import SectionKind

LIMITS: Final = SectionKind("limits", LimitsSection, LimitIndex, LimitIndex)
