"""Builds the vertical of shadow reports."""

from collections.abc import Callable

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.shadow_reports.http import shadow_report_routes
from penstock.features.shadow_reports.model import GetRollout
from penstock.features.shadow_reports.service import GetTrace, ReadAnswer, ShadowReports
from penstock.features.shadow_reports.store import ShadowCalls
from penstock.features.vertical import Vertical
from penstock.infra.columns import ColumnStore


def build(
    context: Context,
    guards: Guards,
    columns: Callable[[], ColumnStore],
    *,
    rollout: GetRollout,
    get_trace: GetTrace,
    read_answer: ReadAnswer,
) -> Vertical:
    """Builds the vertical. `columns` returns the open store of calls and scores, or raises."""
    calls = ShadowCalls(columns)
    reports = ShadowReports(calls, rollout, get_trace, read_answer, context.clock)
    return Vertical(routers=(shadow_report_routes(guards.require, reports),))
