"""Online evaluation: which calls are drawn, what becomes of them, and what is never lost."""

import re
import time
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from penstock.features.evaluations.model import EvaluatorChoice
from penstock.features.evaluations.online import drawing
from penstock.features.evaluations.online import store as tables
from penstock.features.evaluations.online.model import MAX_ATTEMPTS, OnlineFilter
from penstock.features.evaluations.online.tables import METADATA
from penstock.features.traces.model import TimeRange
from penstock.infra.jobs.runner import JobRunner
from penstock.kernel.errors import InvalidRequest, NotFound, PenstockError
from penstock.rules.call import CallStatus
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.rules.evaluation.samples import Sample
from penstock.rules.sampling import is_sampled
from tests.features.catalog.test_tables import differences
from tests.features.evaluations.conftest import RuleEvaluator
from tests.features.evaluations.online_evaluations.conftest import (
    OnlineWorld,
    caller,
    only,
    request,
)

HOUR_NS = 3600 * 10**9
AROUND_NOW = TimeRange(time.time_ns() - 24 * HOUR_NS, time.time_ns() + 24 * HOUR_NS)


def test_calls_are_measured_once_and_become_scores_of_their_release(world: OnlineWorld) -> None:
    world.call("before the rule")
    world.rule()
    good = world.call(release="r1")
    bad = world.call("No.", release="r1")
    failed = world.call(status=CallStatus.ERROR)
    world.draw(10)
    assert world.counts().eligible == 0  # they wait for their delay
    world.run()
    world.run()
    found = {each.span_id: each for each in world.scores()}
    assert found.keys() == {good.begin.span_id, bad.begin.span_id}
    assert failed.begin.span_id not in found
    score = found[bad.begin.span_id]
    assert (score.name, score.source, score.author) == ("polite", "evaluator", "online:quality")
    assert (score.number, score.state, score.link) == (0.0, "scored", "found")
    assert (score.scored_ns, score.trace_id) == (bad.begin.start_ns, bad.begin.trace_id)
    assert (score.release, score.use_case) == ("r1", "support")
    counts = world.counts()
    assert (counts.eligible, counts.drawn, counts.measured) == (2, 2, 2)
    assert world.stored().drawing.error == ""


def test_the_sample_is_a_share_of_the_traces_and_the_same_each_time(world: OnlineWorld) -> None:
    world.rule(share=0.3)
    made = [world.call() for _ in range(40)]
    sampled = {each.begin.span_id for each in made if is_sampled(each.begin.trace_id, 0.3)}
    world.run()
    assert world.states().keys() == sampled
    counts = world.counts()
    assert (counts.eligible, counts.drawn) == (40, len(sampled))


def test_a_filter_selects_by_attributes_tags_and_text(world: OnlineWorld) -> None:
    tags = {"team": "blue"}
    chosen = OnlineFilter({"release": ("r1",), "use_case": ("support",)}, {"team": ("blue",)}, "ye")
    world.rule(filter=chosen)
    wanted = world.call(caller=caller("r1", tags=tags))
    world.call(caller=caller("r2", tags=tags))
    world.call(caller=caller("r1"))
    world.call("no", caller=caller("r1", tags=tags))
    world.run()
    assert world.states().keys() == {wanted.begin.span_id}
    assert world.counts().eligible == 1


def test_calls_of_judges_and_of_evaluation_runs_are_never_drawn(world: OnlineWorld) -> None:
    world.rule()
    for tags in ({"eval_judge": "1"}, {"eval_run": "evr_1"}):
        world.call(caller=caller(tags=tags))
    world.run()
    assert world.counts().eligible == 0
    assert world.scores() == []


def test_a_call_that_is_stored_late_is_measured(world: OnlineWorld) -> None:
    world.rule()
    world.call()
    world.run()
    late = world.call(seconds_ago=7200)
    world.run()
    assert late.begin.span_id in world.states()


def test_a_call_without_content_is_unmeasured_with_the_reason(world: OnlineWorld) -> None:
    world.rule()
    not_kept = world.call(request=b"")
    world.call(response=b"", response_size=0)
    world.run()
    assert not_kept.begin.span_id in world.states()
    found = world.scores()
    assert [each.state for each in found] == ["unmeasured", "unmeasured"]
    assert {each.comment for each in found} == {
        "The content of the call is not recorded completely.",
        "The answer of the call is not recorded.",
    }
    assert world.counts().measured == 2


def test_evaluators_see_variables_passages_tools_and_facts(world: OnlineWorld) -> None:
    seen: list[Sample] = []
    world.measures("look", lambda sample: bool(seen.append(sample)) or True)
    world.rule(evaluators=("look",), context_variable="passages")
    variables = {"q": "Why?", "passages": ["One.", {"text": "Two."}, 3]}
    tool = {"id": "1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}}
    message = {"role": "assistant", "content": "Both.", "tool_calls": [tool]}
    answered = msgspec.json.encode({"choices": [{"message": message, "finish_reason": "stop"}]})
    asked = request(variables=variables)
    world.call(caller=caller("r9"), request=asked, response=answered)
    world.run()
    (sample,) = seen
    assert (sample.input, sample.output) == (variables, "Both.")
    assert sample.context == ("One.", "Two.")
    assert (sample.tool_calls[0].name, sample.tool_calls[0].arguments) == ("add", {"a": 1})
    assert sample.metadata == {"use_case": "support", "release": "r9", "model": "gpt-4o"}
    assert (sample.latency_ms, sample.cost_usd, sample.output_tokens) == (5.0, 0.000425, 20)


def test_an_evaluator_that_raises_or_computes_too_long_costs_no_other(world: OnlineWorld) -> None:
    def broken(sample: Sample) -> bool:
        raise ValueError("no")

    world.measures("broken", broken)
    world.measures("endless", lambda sample: re.search(r"(a|a)*b", "a" * 60) is None)
    world.rule(evaluators=("broken", "endless", "polite"))
    world.call()
    world.run()
    states = {each.name: (each.state, each.comment) for each in world.scores()}
    assert states["broken"] == ("judge_error", "The evaluator raised ValueError: no")
    assert states["endless"] == ("judge_error", "The evaluator computed for more than 5 seconds.")
    assert states["polite"][0] == "scored"


def test_an_evaluator_that_is_not_installed_any_more_says_so(world: OnlineWorld) -> None:
    world.measures("gone", lambda sample: True)
    world.rule(evaluators=("gone", "polite"))
    world.call()
    del world.evaluators["gone"]
    world.run()
    states = {each.name: each.state for each in world.scores()}
    assert states == {"gone": "infrastructure_error", "polite": "scored"}
    figures = world.online.figures.figures(world.project, "quality", AROUND_NOW)
    assert figures.total.metrics["gone"].states["infrastructure_error"] == 1


def test_a_value_that_is_no_score_is_an_error_of_the_judge(world: OnlineWorld) -> None:
    world.measures("long", lambda sample: "x" * 500)
    world.rule(evaluators=("long",))
    world.call()
    world.run()
    assert [each.state for each in world.scores()] == ["judge_error"]


def test_what_a_crash_has_not_noted_is_done_again_and_counts_once(world: OnlineWorld) -> None:
    """Scores are written; then the process ends before it notes that."""
    world.rule()
    world.call()
    world.draw()
    world.work()
    with world.context.database.read() as connection:
        measured = tables.measured_samples(connection, 10)
    world.online.writer.write()
    with world.context.database.write() as tx:
        tables.add_samples(tx.connection, measured)
    before = world.scores()
    world.online.writer.write()
    assert world.scores() == before


def test_a_worker_that_is_stopped_leaves_the_rest_to_the_next(world: OnlineWorld) -> None:
    seen: list[str] = []
    runners: list[JobRunner] = []

    def count(sample: Sample) -> bool:
        seen.append(sample.item_id)
        if len(seen) == 40:
            runners[0].stop()
        return True

    world.measures("count", count)
    world.rule(evaluators=("count",))
    for _ in range(100):
        world.call()
    world.draw()
    world.work(runners.append)
    assert 40 <= len(seen) < 100
    runners.clear()
    world.work()
    assert len(seen) == len(set(seen)) == 100


def test_a_measurement_that_ends_the_process_is_given_up(world: OnlineWorld) -> None:
    """The worker dies three times at one call; those that were under way with it are measured."""
    world.rule()
    made = [world.call() for _ in range(5)]
    world.draw()
    rule, killer = world.stored(), made[2].begin.span_id
    spans = [each.begin.span_id for each in made]
    with world.context.database.write() as tx:
        tables.begin_measuring(tx.connection, rule.id, spans)
        for _ in range(MAX_ATTEMPTS - 1):
            tables.begin_measuring(tx.connection, rule.id, [killer])
    world.work()
    world.online.writer.write()
    states = world.states()
    assert states.pop(killer) == "judge_error"
    assert set(states.values()) == {"scored"}


def test_what_comes_after_the_calls_of_a_day_is_counted(world: OnlineWorld) -> None:
    world.rule(daily_calls=3)
    for _ in range(5):
        world.call()
    world.run()
    counts = world.counts()
    assert (counts.eligible, counts.drawn, counts.daily_calls) == (5, 3, 2)
    world.call()
    world.run(24 * 3600)
    assert world.counts().drawn == 4


def test_a_rule_waits_while_too_much_waits(world: OnlineWorld) -> None:
    world.limit(waiting=4)
    world.rule()
    for _ in range(10):
        world.call()
    world.draw()
    assert world.counts().drawn == 4
    for _ in range(3):
        world.run()
    counts = world.counts()
    assert (counts.eligible, counts.measured, counts.backlog) == (10, 10, 0)


def test_a_rule_that_is_very_late_draws_a_smaller_share_and_counts_that(
    world: OnlineWorld,
) -> None:
    world.limit(waiting=8, lag_s=60)
    world.rule()
    made = [world.call() for _ in range(40)]
    world.draw(180)  # on the first turn there is space
    assert (world.counts().drawn, world.counts().backlog) == (8, 0)
    world.limit(waiting=15, lag_s=60)
    world.draw(181)  # two minutes late, and more than half is taken: less than half of them
    late = world.counts()
    assert late.eligible == late.drawn + late.backlog
    assert late.drawn == 15
    world.work()
    world.online.writer.write()
    drawn = world.states().keys()
    for each in made[8 : late.eligible]:
        if each.begin.span_id in drawn:
            assert is_sampled(each.begin.trace_id, 0.5)
    left_out = [each for each in made[8 : late.eligible] if each.begin.span_id not in drawn]
    assert late.backlog == len(left_out)


def test_a_rule_that_is_removed_while_it_works_leaves_nothing(world: OnlineWorld) -> None:
    def remove(sample: Sample) -> bool:
        if sample.output == "first":
            world.online.rules.remove(world.editor, world.project, "quality")
        return True

    world.measures("remove", remove)
    world.rule(evaluators=("remove",))
    world.call("first")
    for _ in range(3):
        world.call()
    world.run()
    world.run()
    assert world.scores() == []
    with pytest.raises(NotFound):
        world.online.rules.get(world.project, "quality")


def test_a_rule_measures_nothing_of_the_time_when_it_was_off(world: OnlineWorld) -> None:
    world.rule()
    rules = world.online.rules
    rules.switch(world.editor, world.project, "quality", enabled=False)
    world.call()
    world.run()
    assert world.scores() == []
    world.clock.seconds = 0
    rules.switch(world.editor, world.project, "quality", enabled=True)
    call = world.call()
    world.run()
    assert world.states().keys() == {call.begin.span_id}
    assert (world.counts().eligible, world.stored().version) == (1, 3)


def test_another_version_of_a_rule_goes_on_where_it_is(world: OnlineWorld) -> None:
    world.rule()
    before = world.call()
    world.clock.seconds = 0
    world.rule(daily_calls=7)
    after = world.call()
    world.run()
    assert world.states().keys() == {before.begin.span_id, after.begin.span_id}


def test_a_rule_that_fails_says_why_and_stops_no_other(world: OnlineWorld) -> None:
    def unable(*arguments: Any, **named: Any) -> Any:
        raise PenstockError("The store does not answer.")

    world.rule("a")
    world.rule("b")
    world.call()

    class Calls:
        recorded_request = unable
        tail, request_of = world.recorded.traces.tail, world.recorded.traces.request_of
        answer_of = world.recorded.traces.answer_of

    world.clock.seconds = 120
    drawer = drawing.CallDrawer(world.context, Calls(), world.evaluated.wanted)
    assert drawer.run_due() == 2
    assert world.stored("a").drawing.error == "The store does not answer."
    assert world.counts("a").eligible == 0
    world.run()
    assert world.stored("a").drawing.error == ""
    assert len(world.scores()) == 2


def test_the_tables_are_those_of_the_migration(world: OnlineWorld) -> None:
    assert differences(world.evaluated.released.world, METADATA) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"evaluators": ()}, "at least one evaluator"),
        ({"evaluators": ("polite", "polite")}, "same name"),
        ({"evaluators": (EvaluatorChoice("Bad name", "polite"),)}, "no name of a score"),
        ({"evaluators": (EvaluatorChoice("polite", "polite", {"x": 1}),)}, "has no options"),
        ({"evaluators": ("expects",)}, "needs an expected answer"),
        ({"evaluators": ("compares",)}, "compares answers of a run"),
        ({"filter": only(colour="red")}, "no dimension 'colour'"),
        ({"filter": only(status="error")}, "no dimension 'status'"),
        ({"evaluators": ("judges",), "budget_usd": 1.0}, "need a key"),
        ({"evaluators": ("judges",), "key_id": "key_1"}, "a budget of 0 allows none"),
        ({"name": "Two words"}, "no name of an online evaluation"),
    ],
)
def test_a_rule_that_cannot_be_carried_out_is_refused(
    world: OnlineWorld, fields: dict[str, Any], says: str
) -> None:
    needs = {
        "expects": MetricFacts(MetricKind.RATE, needs=("expected",)),
        "compares": MetricFacts(MetricKind.RATE, needs=("peers.repeat",)),
        "judges": MetricFacts(MetricKind.RATE, judged=True),
    }
    world.evaluators |= {
        name: RuleEvaluator(lambda sample: True, facts) for name, facts in needs.items()
    }
    with pytest.raises(InvalidRequest, match=re.escape(says)):
        world.rule(**fields)


def test_an_unknown_evaluator_is_refused(world: OnlineWorld) -> None:
    with pytest.raises(NotFound, match="No plugin 'magic'"):
        world.rule(evaluators=("magic",))


class SwitchingCalls:
    """The calls of a world, whose rule is switched off and on while they are read first."""

    def __init__(self, world: OnlineWorld) -> None:
        self._world = world
        self._calls = world.recorded.traces
        self._switched = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._calls, name)

    def tail(self, *given: Any, **named: Any) -> Any:
        if not self._switched:
            self._switched = True
            rules = self._world.online.rules
            for enabled in (False, True):
                rules.switch(self._world.editor, self._world.project, "quality", enabled=enabled)
        return self._calls.tail(*given, **named)


def test_a_rule_that_changes_while_its_calls_are_read_keeps_the_change(
    world: OnlineWorld,
) -> None:
    world.rule()
    world.call()
    drawer = drawing.CallDrawer(world.context, SwitchingCalls(world), world.evaluated.wanted)
    world.online = replace(world.online, drawer=drawer)
    begun = world.stored().drawing.position.stored_ns
    world.draw()
    after = world.stored()
    assert after.version == 3
    assert after.drawing.position.stored_ns > begun  # where it was switched on again
    assert world.counts().eligible == 0
