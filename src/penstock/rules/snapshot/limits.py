"""`<project_id>/limits`: the limits and budgets of a project."""

from typing import Final

from penstock.rules.limits.documents import LimitsSection
from penstock.rules.limits.index import LimitIndex
from penstock.rules.snapshot.section import SectionKind

LIMITS: Final = SectionKind("limits", LimitsSection, LimitIndex, LimitIndex)
