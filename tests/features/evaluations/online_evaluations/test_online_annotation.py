"""What online evaluations measure on live traffic comes into annotation queues."""

import re
import time
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from penstock.features.annotation.model.queues import AnnotationQueue, QueueRule, ResultChoice
from penstock.features.annotation.service import selecting
from penstock.features.annotation.service.filling import QueueFilling
from penstock.features.annotation.service.following import QueueRules
from penstock.features.annotation.service.queues import AnnotationQueues
from penstock.features.annotation.service.selecting import SelectionReader
from penstock.features.annotation.store import items as items_store
from penstock.features.annotation.store.items import QueueItemFilter
from penstock.features.annotation.store.rules import RuleWork
from penstock.features.annotation.store.tables import RULES
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.evaluations.assembly import EVALUATORS
from penstock.features.evaluations.service.results import EvaluationResults
from penstock.features.feedback.model import ScoreRow
from penstock.features.feedback.store.scores import ScoreStore
from penstock.infra.columns import ColumnStore
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.annotation.labels import LabelKind, LabelSchema
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from tests.features.evaluations.conftest import RuleEvaluator
from tests.features.evaluations.online_evaluations.conftest import OnlineWorld

SETTLED_S = selecting.SCORES_SETTLE_NS / 1e9
WEEK_S = selecting.MAX_CATCH_UP_NS / 1e9


class Annotated:
    """A queue `review` beside the online evaluations of a project."""

    def __init__(self, world: OnlineWorld) -> None:
        self.world, context = world, world.context
        runs, traffic = EvaluationResults(context, Registry(EVALUATORS).get), world.online.measured
        reader = SelectionReader(
            context, DatasetReader(context), runs, traffic, world.recorded.reader.read
        )
        filling = QueueFilling(context, reader, world.recorded.reader.read)
        self.rules = QueueRules(context, filling, runs, traffic)
        self.queues = AnnotationQueues(context)
        schema = LabelSchema(LabelKind.BINARY, "Is the answer polite?")
        made = AnnotationQueue("", "review", schema, "polite")
        self.queue = self.queues.add(world.editor, world.project, made)

    def rule(self, metric: str = "polite", daily_cap: int = 100, **chosen: Any) -> None:
        fields = {"online": "quality", "choose": ResultChoice.LOW, "metrics": (metric,), **chosen}
        wanted = QueueRule(selecting.ItemSelection(**fields), daily_cap=daily_cap)
        self.rules.set(self.world.editor, self.world.project, "review", wanted)

    def measure(self) -> None:
        """Measures what was called, at the time of the machine, in which scores are stored."""
        self.world.run()
        self.world.clock.seconds = 0.0

    def follow(self, seconds: float = SETTLED_S) -> RuleWork:
        """Runs the rule as some time from now."""
        time.sleep(0.005)
        self.world.clock.seconds = seconds
        with self.world.context.database.write() as tx:
            tx.connection.execute(update(RULES).values(next_ms=0))
        self.rules.run_due()
        return self.rules.get(self.world.project, "review").work

    def items(self) -> list[items_store.QueueItem]:
        with self.world.context.database.read() as connection:
            return items_store.list_items(connection, self.queue.id, QueueItemFilter(), 0, 500)

    def outputs(self) -> list[str]:
        return sorted(each.content.output for each in self.items())


@pytest.fixture
def annotated(world: OnlineWorld) -> Annotated:
    return Annotated(world)


def test_calls_with_a_low_score_come_into_the_queue_once(annotated: Annotated) -> None:
    world = annotated.world
    world.rule()
    world.call("No: before the rule of the queue.")
    annotated.measure()
    annotated.rule(suggest="polite")
    bad = world.call("No.")
    world.call("Yes, please.")
    annotated.measure()
    assert annotated.follow(0).added == 0  # an insert in progress may be older
    assert annotated.follow().added == 1
    assert annotated.follow().added == 1
    (item,) = annotated.items()
    assert item.content.output == "No."
    assert item.content.input == [{"role": "user", "content": "A question?"}]
    origin = item.content.origin
    assert (origin.trace_id, origin.span_id) == (bad.begin.trace_id, bad.begin.span_id)
    assert item.suggestion is not None
    assert (item.suggestion.value, item.suggestion.source) == (False, "polite")
    world.call("No!")
    annotated.measure()
    annotated.follow()
    assert annotated.outputs() == ["No!", "No."]


def test_the_direction_of_the_evaluator_decides_what_is_low(annotated: Annotated) -> None:
    world = annotated.world
    less = MetricFacts(MetricKind.MEAN, higher_is_better=False)
    world.evaluators["toxicity"] = RuleEvaluator(lambda sample: float(sample.output), less)
    world.rule(evaluators=("toxicity",))
    annotated.rule("toxicity", at_most=0.7)
    for value in ("0.1", "0.69", "0.7", "0.9"):
        world.call(value)
    annotated.measure()
    annotated.follow()
    assert annotated.outputs() == ["0.7", "0.9"]


def test_calls_on_which_evaluators_disagree_come_into_the_queue(annotated: Annotated) -> None:
    world = annotated.world
    world.measures("short", lambda sample: len(sample.output) < 10)
    world.rule(evaluators=("polite", "short"))
    annotated.rule(choose=ResultChoice.DISAGREEMENT, metrics=("polite", "short"))
    for output in ("please", "no", "please, this is long", "no, this is long"):
        world.call(output)
    annotated.measure()
    annotated.follow()
    assert annotated.outputs() == ["no", "please, this is long"]


def test_a_sample_of_what_is_measured_whatever_its_scores(annotated: Annotated) -> None:
    world = annotated.world
    world.rule()
    annotated.rule(choose=ResultChoice.ALL, metrics=())
    for output in ("please", "no"):
        world.call(output)
    annotated.measure()
    annotated.follow()
    assert annotated.outputs() == ["no", "please"]


def test_many_calls_come_page_by_page_and_none_is_lost(annotated: Annotated) -> None:
    world = annotated.world
    world.rule()
    annotated.rule(daily_cap=1000)
    made = sorted(f"No {at:03}." for at in range(130))
    for output in made:
        world.call(output)
    annotated.measure()
    annotated.follow()
    assert annotated.outputs() == made


def test_what_is_over_the_cap_of_a_day_is_not_added_later(annotated: Annotated) -> None:
    world = annotated.world
    world.rule()
    annotated.rule(daily_cap=2)
    for at in range(5):
        world.call(f"No {at}.")
    annotated.measure()
    assert annotated.follow().added_today == 2
    assert annotated.follow(2 * 24 * 3600).added == 2


def test_a_rule_that_has_slept_goes_back_a_week_at_most(annotated: Annotated) -> None:
    world = annotated.world
    world.rule()
    annotated.rule()
    world.call("No.")
    annotated.measure()
    assert annotated.follow(WEEK_S + 60).added == 0


def test_calls_without_content_are_left_out_and_the_rule_says_so(annotated: Annotated) -> None:
    world = annotated.world
    world.rule()
    annotated.rule(choose=ResultChoice.ALL, metrics=())
    world.call("No.", request=b"")
    world.call("No!")
    annotated.measure()
    work = annotated.follow()
    assert annotated.outputs() == ["No!"]
    assert "1 calls were left out" in work.error
    assert "not recorded" in work.error
    assert annotated.follow().error == ""


def test_a_rule_names_what_there_is(annotated: Annotated) -> None:
    annotated.world.rule()
    with pytest.raises(NotFound, match="no online evaluation 'other'"):
        annotated.rule(online="other")
    with pytest.raises(InvalidRequest, match="no metric 'rude'"):
        annotated.rule("rude")
    with pytest.raises(InvalidRequest, match="no metric 'rude'"):
        annotated.rule(suggest="rude")
    annotated.rule()
    annotated.world.online.rules.remove(annotated.world.editor, annotated.world.project, "quality")
    assert "no online evaluation 'quality'" in annotated.follow().error


class PlanLine(msgspec.Struct):
    """A line of a query plan."""

    explain: str


def test_new_scores_are_found_without_reading_the_old_ones(
    annotated: Annotated, store: ColumnStore
) -> None:
    world = annotated.world
    world.rule()
    annotated.rule()
    for _ in range(3):
        world.call("No.")
    annotated.measure()
    row = row_of(store, world.project)
    year_ns = 365 * 24 * 3600 * 10**9
    old = [
        replace(row, id=f"{at:032x}", scored_ns=at * 10**9, stored_ns=row.stored_ns - year_ns)
        for at in range(20 * 1024)
    ]
    ScoreStore(store).add(old)
    plan = store.query(
        "EXPLAIN indexes = 1 SELECT id FROM scores_by_time"
        " WHERE project_id = {project:String} AND stored_ns >= {after:Int64}",
        {"project": world.project, "after": row.stored_ns},
        PlanLine,
    )
    shown = " ".join(each.explain for each in plan)
    before, after = re.findall(r"Granules: (\d+)/(\d+)", shown)[-1][::-1]
    assert "by_stored" in shown
    assert int(before) >= 20
    assert int(after) <= 3
    annotated.follow()
    assert annotated.outputs() == ["No."] * 3


def row_of(store: ColumnStore, project: str) -> ScoreRow:
    columns = ", ".join(ScoreRow.__struct_fields__)
    query = f"SELECT {columns} FROM scores WHERE project_id = {{project:String}} LIMIT 1"
    (found,) = store.query(query, {"project": project}, ScoreRow)
    return found
