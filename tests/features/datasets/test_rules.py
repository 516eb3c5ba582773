"""Rules that add recorded calls to datasets, over real stores."""

import time
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import update

from penstock.features.datasets.assembly import personal_data_screen
from penstock.features.datasets.model import PersonalDataPolicy
from penstock.features.datasets.rules import CallSelection, DatasetRule, RuleProgress
from penstock.features.datasets.service.changes import DatasetChanges
from penstock.features.datasets.service.rule_calls import RuleCalls
from penstock.features.datasets.service.rule_runs import RuleRunner
from penstock.features.datasets.service.rules import DatasetRules
from penstock.features.datasets.store.rules import replace_rule, save_progress
from penstock.features.datasets.store.tables import RULES
from penstock.infra.columns import ColumnStore
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.sampling import is_sampled
from tests.features.datasets.conftest import Datasets
from tests.features.datasets.recorded import Recorded
from tests.features.identity.conftest import HandClock
from tests.features.traces import calls


class Growing:
    """Datasets with rules, the calls that they read, and the time."""

    def __init__(self, datasets: Datasets, store: ColumnStore, folder: Path) -> None:
        self.datasets = datasets
        self.clock = cast("HandClock", datasets.context.clock)
        self.recorded = Recorded(store, folder, datasets.project)
        self.rules = DatasetRules(datasets.context, datasets.world.identity.audit_reader)

    def rule(self, name: str = "faq", **fields: Any) -> None:
        self.clock.ns = time.time_ns()
        rule = DatasetRule(**fields)
        self.rules.set(self.datasets.editor, self.datasets.project, name, rule)

    def run(self, seconds: float = 300, *, waits: bool = False) -> int:
        """Runs the rules, or only the due ones, as a process that has just started some time from
        now: the column store has the time of the machine."""
        self.clock.ns = time.time_ns()
        self.clock.forward(seconds)
        if not waits:
            with self.datasets.context.database.write() as tx:
                tx.connection.execute(update(RULES).values(next_ms=0))
        traces, scores = self.recorded.traces, self.recorded.scores
        runner = RuleRunner(
            self.datasets.context,
            DatasetChanges(self.datasets.context, personal_data_screen()),
            self.recorded.reader,
            RuleCalls(traces.tail, scores.arrived),
        )
        return runner.run_due()

    def progress(self, name: str = "faq") -> RuleProgress:
        return self.rules.get(self.datasets.project, name).progress

    def texts(self) -> list[str]:
        if not self.datasets.service.get(self.datasets.project, "faq")[1]:
            return []
        return [cast("Any", each)[0]["content"] for each in self.datasets.inputs()]

    def versions(self) -> int:
        return self.datasets.service.get(self.datasets.project, "faq")[0].version


@pytest.fixture
def growing(datasets: Datasets, store: ColumnStore, tmp_path: Path) -> Growing:
    return Growing(datasets, store, tmp_path)


def test_matching_calls_are_added_once_after_the_delay(growing: Growing) -> None:
    growing.recorded.call("before the rule")
    growing.rule(text="apple", delay_s=600, interval_s=900)
    growing.recorded.call("apple one")
    growing.recorded.call("pear")
    growing.run(300)
    assert growing.texts() == []
    growing.run(600)
    growing.recorded.call("apple two")
    assert growing.run(1400, waits=True) == 0  # its interval has not passed
    assert growing.texts() == ["apple one"]
    growing.run(600)
    growing.recorded.call("apple one")
    growing.run(600)
    assert (growing.texts(), growing.versions()) == (["apple one", "apple two"], 2)
    assert (growing.progress().added, growing.progress().error) == (2, "")


def test_what_a_crash_has_not_noted_is_not_added_again(growing: Growing) -> None:
    growing.rule()
    growing.recorded.call("one")
    before = growing.progress()
    dataset_id = growing.rules.get(growing.datasets.project, "faq").dataset_id
    growing.run()
    with growing.datasets.context.database.write() as tx:
        save_progress(tx.connection, dataset_id, before)
    growing.run()
    assert (growing.texts(), growing.versions()) == (["one"], 1)


def test_a_call_that_is_stored_late_is_added(growing: Growing) -> None:
    growing.rule()
    growing.recorded.call("first")
    growing.run()
    growing.recorded.call("late", seconds_ago=3600)
    growing.run()
    assert growing.texts() == ["first", "late"]


def test_calls_with_low_feedback_are_added(growing: Growing) -> None:
    growing.rule(feedback="low", only={"use_case": ("support",)})
    bad, good, corrected = (growing.recorded.call(text) for text in ("bad", "good", "mended"))
    growing.recorded.call("nobody said anything")
    growing.recorded.thumb(bad, up=False)
    growing.recorded.thumb(good, up=True)
    growing.recorded.thumb(corrected, up=False)
    growing.recorded.correct(corrected, "better")
    growing.run()
    page = growing.datasets.reader.items(growing.datasets.project, "faq", None, limit=10)
    found = {cast("Any", each.item.input)[0]["content"]: each.item.expected for each in page.items}
    assert found == {"bad": None, "mended": "better"}
    within, chosen = calls.ALWAYS, CallSelection(feedback="high")
    within = within._replace(end_ns=growing.clock.now_ns())
    spans = growing.recorded.reader.find(growing.datasets.project, within, chosen, 10)
    assert good.begin.span_id in spans
    assert bad.begin.span_id not in spans


def test_a_day_has_at_most_the_cap(growing: Growing) -> None:
    growing.rule(daily_cap=2)
    for number in range(5):
        growing.recorded.call(f"call {number}")
    growing.run()
    growing.recorded.call("beyond the cap")
    growing.run()
    assert growing.texts() == ["call 0", "call 1"]
    growing.recorded.call("next day")
    growing.run(24 * 3600)
    assert growing.texts() == ["call 0", "call 1", "next day"]


def test_a_rule_that_is_paused_adds_nothing_of_that_time(growing: Growing) -> None:
    growing.rule()
    growing.rule(enabled=False)
    growing.recorded.call("while paused")
    growing.run(600)
    assert growing.texts() == []
    growing.rule(enabled=True)
    growing.recorded.call("after it")
    growing.run(600)
    assert growing.texts() == ["after it"]


def test_a_switch_changes_nothing_else_and_pauses_what_is_not_valid_any_more(
    growing: Growing,
) -> None:
    datasets, place = growing.datasets, (growing.datasets.project, "faq")
    growing.rule(text="apple", share=0.5)
    off = growing.rules.switch(datasets.editor, *place, enabled=False)
    assert off.rule == DatasetRule(text="apple", share=0.5, enabled=False)
    on = growing.rules.switch(datasets.editor, *place, enabled=True)
    assert on.rule == DatasetRule(text="apple", share=0.5)
    assert growing.rules.switch(datasets.editor, *place, enabled=True) == on
    with datasets.context.database.write() as tx:
        old = DatasetRule(only={"a-dimension-of-old": ("x",)})
        replace_rule(tx.connection, on.dataset_id, old, 0)
    assert not growing.rules.switch(datasets.editor, *place, enabled=False).rule.enabled
    with pytest.raises(InvalidRequest, match="no dimension"):
        growing.rules.switch(datasets.editor, *place, enabled=True)


def test_a_share_of_the_traces_is_taken(growing: Growing) -> None:
    growing.rule(share=0.5)
    made = [growing.recorded.call(f"call {number}") for number in range(20)]
    growing.run()
    taken = [n for n, each in enumerate(made) if is_sampled(each.begin.trace_id, 0.5)]
    assert growing.texts() == [f"call {number}" for number in taken]
    share = sum(is_sampled(f"{number:032x}", 0.1) for number in range(10_000))
    assert 900 < share < 1100


def test_calls_that_are_no_examples_are_counted(growing: Growing) -> None:
    growing.datasets.service.describe(
        growing.datasets.editor,
        growing.datasets.project,
        "faq",
        description=None,
        personal_data=PersonalDataPolicy.REJECT,
    )
    growing.rule()
    growing.recorded.call(request=b"")
    growing.recorded.call("write to ann@example.org")
    growing.recorded.call("fine")
    growing.run()
    assert (growing.texts(), growing.progress().skipped) == (["fine"], 2)


def test_a_broken_rule_is_shown_and_stops_no_other(growing: Growing) -> None:
    growing.datasets.service.add(growing.datasets.editor, growing.datasets.project, "other")
    growing.rule("other")
    columns = {"nonsense": ("x",)}  # a dimension that a later version no longer has
    dataset_id = growing.rules.get(growing.datasets.project, "other").dataset_id
    with growing.datasets.context.database.write() as tx:
        replace_rule(tx.connection, dataset_id, DatasetRule(only=columns), 0)
    growing.rule()
    growing.recorded.call("one")
    assert growing.run() == 2
    assert growing.texts() == ["one"]
    assert growing.progress("other").error.startswith("Calls have no dimension 'nonsense'.")
    growing.rule("other")
    growing.run()
    assert growing.progress("other").error == ""


def test_a_rule_is_set_changed_and_removed(growing: Growing) -> None:
    project, editor = growing.datasets.project, growing.datasets.editor
    with pytest.raises(NotFound, match="no rule"):
        growing.rules.get(project, "faq")
    with pytest.raises(InvalidRequest, match="Calls have no dimension 'colour'"):
        growing.rule(only={"colour": ("red",)})
    with pytest.raises(InvalidRequest, match="Feedback has no dimension 'team'"):
        growing.rule(only={"team": ("a",)}, feedback="low")
    with pytest.raises(InvalidRequest, match="cannot be combined"):
        growing.rule(text="x", feedback="low")
    growing.rule()
    growing.recorded.call("stays")
    growing.rule(share=0.9999999)
    growing.run()
    assert growing.texts() == ["stays"]
    growing.rules.remove(editor, project, "faq")
    assert growing.run() == 0
    with pytest.raises(NotFound):
        growing.rules.remove(editor, project, "faq")
