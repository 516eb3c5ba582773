"""Builds the vertical of scores and feedback over the column store of traces."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.feedback.http.figures import figure_routes
from penstock.features.feedback.http.inbox import inbox_routes
from penstock.features.feedback.http.keys import feedback_key_routes
from penstock.features.feedback.http.public import public_routes
from penstock.features.feedback.http.scores import score_routes
from penstock.features.feedback.service.figures import FigureService
from penstock.features.feedback.service.inbox import InboxService
from penstock.features.feedback.service.join_schedule import TICK_S, JoinSchedule
from penstock.features.feedback.service.keys import FeedbackKeyService
from penstock.features.feedback.service.public import PublicFeedback
from penstock.features.feedback.service.scores import ScoreService, TellFeedback
from penstock.features.vertical import Vertical
from penstock.infra.columns import ColumnStore
from penstock.infra.crypto import derive_key
from penstock.rules.scores.answer_token import PURPOSE

_log: Final = logging.getLogger("penstock.feedback")


def build(
    context: Context,
    guards: Guards,
    columns: Callable[[], ColumnStore],
    *,
    pepper: str,
    on_feedback: TellFeedback,
) -> Vertical:
    """Builds the vertical. `columns` returns the open store or raises; `store.schema` has the steps
    for its tables. `pepper` (hex): the secret that gateways know as well. `on_feedback` gets new
    feedback."""
    scores, keys = ScoreService(columns, context.clock, on_feedback), FeedbackKeyService(context)
    secret = derive_key(bytes.fromhex(pepper), PURPOSE)
    public = PublicFeedback(keys, scores, context.clock, secret)
    return Vertical(
        routers=(
            feedback_key_routes(guards.require, keys),
            public_routes(public),
            inbox_routes(guards.require, scores, InboxService(context, columns)),
            score_routes(guards.require, scores),
            figure_routes(guards.require, FigureService(columns), context.clock),
        ),
        jobs=(lambda: _join(scores),),
    )


async def _join(scores: ScoreService) -> None:
    """Joins scores with calls that arrive later."""
    schedule = JoinSchedule()
    while True:
        await asyncio.sleep(TICK_S)
        if not schedule.is_due(fresh=scores.accepts_waiting()):
            continue
        schedule.looked(await asyncio.to_thread(scores.join_waiting))
