"""A real column store with recorded calls and what users said about them."""

from pathlib import Path
from typing import Any

import msgspec

from penstock.features.datasets.service.examples import ExampleReader
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.traces.service import Traces
from penstock.infra.columns import ColumnStore
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallEnd, Caller
from penstock.rules.scores.score import Score
from penstock.rules.scores.vocabulary import ScoreKind, ScoreSource
from tests.features.traces import calls


class Recorded:
    """A store of calls with its services, and one project."""

    def __init__(self, store: ColumnStore, folder: Path, project: str = "") -> None:
        self.clock = SystemClock()
        self.project = project or calls.new_project()
        self.traces = Traces(
            lambda: store,
            self.clock,
            lambda project_id, span: [],
            calls.new_quarantine(folder),
            calls.unknown_records(folder),
        )
        self.scores = ScoreService(lambda: store, self.clock)
        self.reader = ExampleReader(self.traces, self.scores.list_scores)

    def call(self, text: str = "hello", *, seconds_ago: int = 1, **fields: Any) -> CallEnd:
        caller = fields.pop("caller", None) or Caller(key_id="key_1", use_case="support")
        made = calls.call(
            self.project, self.clock.now_ns() - seconds_ago * 10**9, caller=caller, **fields
        )
        request = fields.get("request", calls.chat(text))
        begin = msgspec.structs.replace(made.begin, request_size=len(request))
        made = msgspec.structs.replace(made, begin=begin, request=request)
        calls.store(self.traces, made)
        return made

    def thumb(self, call: CallEnd, *, up: bool) -> None:
        score = Score(
            name="thumbs",
            value=up,
            kind=ScoreKind.FEEDBACK,
            source=ScoreSource.USER,
            trace_id=call.begin.trace_id,
            span_id=call.begin.span_id,
        )
        self.scores.submit_one(self.project, score, "key_9")

    def correct(self, call: CallEnd, text: str) -> None:
        score = Score(
            name="correction",
            comment=text,
            kind=ScoreKind.FEEDBACK,
            source=ScoreSource.USER,
            trace_id=call.begin.trace_id,
            span_id=call.begin.span_id,
        )
        self.scores.submit_one(self.project, score, "key_9")
