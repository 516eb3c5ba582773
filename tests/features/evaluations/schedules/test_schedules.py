"""Evaluation schedules start runs at times: once, not piled up, within their budget."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import update

from penstock.features.access import Principal
from penstock.features.conflicts import revision_of
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.evaluations.model import EvaluatorChoice, RunState
from penstock.features.evaluations.schedules import store
from penstock.features.evaluations.schedules.model import (
    MAX_STARTS,
    ScheduledTarget,
    ScheduleTrigger,
    TriggerEvent,
)
from penstock.features.evaluations.schedules.service import ScheduleService
from penstock.features.evaluations.store import RUNS
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound, PenstockError
from tests.features.catalog.test_tables import differences
from tests.features.evaluations.schedules.conftest import ScheduleWorld

DAILY = "0 6 * * *"
TIME = "time: 2026-11-{}T{}:00+00:00"


def test_migrations_make_the_tables(world: ScheduleWorld) -> None:
    assert differences(world.released.world, store.METADATA) == []


def test_a_run_starts_at_its_time_and_measures_the_newest_version(world: ScheduleWorld) -> None:
    world.set(cron=DAILY)
    world.look("2026-11-30T05:59:59")
    assert world.runs() == []
    world.evaluated.fill_more()
    world.look("2026-11-30T06:00:02")
    (run,) = world.runs()
    assert (run.plan.version, run.plan.label) == (2, "nightly")
    assert run.author == "evaluation schedule nightly"
    (start,) = world.log()
    assert (start.outcome, start.run_id) == ("started", run.id)
    assert start.cause == "time: 2026-11-30T06:00+00:00"
    (event,) = world.events("evaluation.start")
    assert (event.actor_kind, event.subject) == ("system", run.id)
    assert world.service.get(world.project, "nightly").run_state is RunState.QUEUED
    world.work()
    world.look("2026-11-30T06:00:40")
    world.look("2026-12-01T05:00:00")
    assert world.outcomes() == ["started"]
    assert world.service.get(world.project, "nightly").run_state is RunState.DONE
    assert world.stored().progress.settled
    world.look("2026-12-01T06:00:00")
    assert len(world.runs()) == 2


def test_a_time_is_skipped_while_the_last_run_has_not_ended(world: ScheduleWorld) -> None:
    world.set(cron="0 * * * *")
    for hour in (6, 7, 8):
        world.look(f"2026-11-30T0{hour}:00:01")
    assert world.outcomes() == ["started", "skipped", "skipped"]
    assert world.log()[1].reason == f"The run {world.runs()[0].id} has not ended."
    world.work()
    world.look("2026-11-30T09:00:01")
    assert len(world.runs()) == 2


def test_two_servers_start_a_run_once(world: ScheduleWorld) -> None:
    for number in range(5):
        world.set(f"s{number}", cron=DAILY)
    world.clock.at("2026-11-30T06:00:01")
    with ThreadPoolExecutor(8) as pool:
        looks = [world.starter.run_due, world.other.run_due] * 4
        for future in [pool.submit(each) for each in looks]:
            future.result()
    assert len(world.runs()) == 5
    assert all(world.outcomes(f"s{number}") == ["started"] for number in range(5))
    assert len(world.events("evaluation.start")) == 5


def test_what_is_late_starts_once_and_what_is_too_late_is_skipped(world: ScheduleWorld) -> None:
    world.set(cron="0 */3 * * *")
    world.look("2026-11-30T06:40:00")
    assert world.outcomes() == ["started"]
    world.work()
    world.look("2026-12-01T02:02:00")
    assert world.outcomes() == ["started", "skipped"]
    reason = "No server looked in time; 5 later times are skipped, too."
    assert (world.log()[-1].cause, world.log()[-1].reason) == (TIME.format(30, "09"), reason)
    world.look("2026-12-02T03:20:00")
    assert world.outcomes() == ["started", "skipped", "skipped", "started"]
    assert world.log()[-1].cause == "time: 2026-12-02T03:00+00:00"


def test_a_clock_that_jumps_makes_no_more_starts(world: ScheduleWorld) -> None:
    world.set(cron=DAILY)
    world.look("2026-11-30T06:00:01")
    world.work()
    for moment in ("05:59:58", "06:00:03", "05:00:00", "06:00:00", "05:59:59", "06:00:05"):
        world.look(f"2026-11-30T{moment}")
    assert world.outcomes() == ["started"]
    world.look("2031-01-01T12:00:00")
    world.look("2026-11-30T07:00:00")
    assert world.outcomes() == ["started", "skipped"]
    world.look("2026-12-01T06:00:00")
    assert sorted(world.outcomes()) == ["skipped", "started", "started"]
    assert len(world.runs()) == 2


def test_a_clock_that_was_years_ahead_does_not_stop_a_schedule(world: ScheduleWorld) -> None:
    world.clock.at("2031-01-01T05:00:00")
    world.set(cron=DAILY)
    world.look("2031-01-01T06:00:00")
    world.work()
    world.look("2026-11-30T05:00:00")
    world.look("2026-11-30T06:00:00")
    assert world.outcomes() == ["started", "started"]


def test_a_start_that_fails_is_a_state_and_an_event(world: ScheduleWorld) -> None:
    world.set(cron="0 * * * *", dataset="gone")
    world.look("2026-11-30T06:00:00")
    assert world.outcomes() == ["failed"]
    assert "gone" in world.stored().progress.error
    (event,) = world.events("evaluation_schedule.failed")
    assert (event.subject, event.after["reason"]) == ("nightly", world.stored().progress.error)
    DatasetService(world.context).add(world.editor, world.project, "gone")
    world.look("2026-11-30T07:00:00")
    assert "no items" in world.log()[-1].reason
    world.set(cron="0 * * * *")
    world.look("2026-11-30T08:00:00")
    assert (world.outcomes()[-1], world.stored().progress.error) == ("started", "")


def test_a_run_that_does_not_finish_is_a_state_and_an_event(world: ScheduleWorld) -> None:
    world.set(cron=DAILY)
    world.look("2026-11-30T06:00:00")
    (run,) = world.runs()
    with world.context.database.write() as tx:
        values = {"state": RunState.FAILED.value, "error": "Nobody answered.", "ended_ms": 1}
        tx.connection.execute(update(RUNS).where(RUNS.c.id == run.id).values(values))
    world.look("2026-11-30T06:01:00")
    assert world.stored().progress.error == f"The run {run.id} ended as failed. Nobody answered."
    (event,) = world.events("evaluation_schedule.failed")
    assert event.after["run"] == run.id
    world.look("2026-11-30T06:02:00")
    assert len(world.events("evaluation_schedule.failed")) == 1


def end_run(world: ScheduleWorld, cost_usd: float) -> None:
    """Ends the last run, as if its calls had cost something."""
    run = world.runs()[-1]
    report = b'{"rows": {"measured": 8}, "cost_usd": %r}' % cost_usd
    with world.context.database.write() as tx:
        values = {"state": "done", "report": report.decode(), "ended_ms": 1}
        tx.connection.execute(update(RUNS).where(RUNS.c.id == run.id).values(values))


def test_runs_stay_within_the_budget_of_the_period(world: ScheduleWorld) -> None:
    world.set(cron="0 * * * *", budget_usd=1.0, budget_period="day", cost_cap_usd=0.75)
    world.look("2026-11-30T06:00:00")
    assert world.runs()[-1].plan.cost_cap_usd == 0.75
    end_run(world, 0.6)
    world.look("2026-11-30T07:00:00")
    assert world.runs()[-1].plan.cost_cap_usd == pytest.approx(0.4)
    end_run(world, 0.4)
    world.look("2026-11-30T08:00:00")
    assert world.outcomes() == ["started", "started", "skipped"]
    assert world.log()[-1].reason == "The budget of 1 USD of this day is spent."
    with pytest.raises(InvalidRequest, match="is spent"):
        world.starter.start(world.editor, world.project, "nightly")
    world.look("2026-12-01T00:00:00")
    assert world.runs()[-1].plan.cost_cap_usd == 0.75
    assert world.stored().spent(world.context.now_ms()) == 0


def test_a_run_is_started_by_hand_if_none_is_open(world: ScheduleWorld) -> None:
    world.set(cron=DAILY, enabled=False)
    shown = world.starter.start(world.editor, world.project, "nightly")
    assert shown.run.author == world.editor.label
    with pytest.raises(Conflict, match="has not ended"):
        world.starter.start(world.editor, world.project, "nightly")
    assert world.log()[0].cause == f"user: {world.editor.label}"
    with pytest.raises(NotFound):
        world.starter.start(world.editor, world.project, "other")


def test_a_schedule_that_is_off_or_removed_starts_nothing(world: ScheduleWorld) -> None:
    world.set(cron=DAILY)
    world.service.switch(world.editor, world.project, "nightly", enabled=False)
    world.look("2026-11-30T06:00:00")
    world.service.switch(world.editor, world.project, "nightly", enabled=True)
    world.look("2026-11-30T06:00:30")
    assert world.runs() == []
    world.service.remove(world.editor, world.project, "nightly")
    world.look("2026-12-01T06:00:00")
    assert world.runs() == []
    with pytest.raises(NotFound):
        world.stored()


def test_the_log_keeps_its_newest_entries(world: ScheduleWorld) -> None:
    world.set(cron="0 * * * *", dataset="gone")
    begin = 0
    for at in range(MAX_STARTS + 7):
        begin = at
        world.look(f"2026-12-{1 + at // 24:02}T{at % 24:02}:00:00")
    assert len(world.log()) == MAX_STARTS
    assert f"T{begin % 24:02}" in world.log()[-1].cause


@pytest.mark.parametrize(
    "wrong",
    [
        {"cron": ""},
        {"cron": "* * * * *"},
        {"target": ScheduledTarget(release="a" * 64)},  # and the outputs of the items
        {"output_field": ""},
        {"output_field": "", "target": ScheduledTarget(model="m")},  # without a key
        {"output_field": "", "target": ScheduledTarget(use_case="support"), "key_id": "k"},
        {"output_field": "", "target": ScheduledTarget(triggering_release=True), "key_id": "k"},
        {"target": ScheduledTarget(prompt="p")},
        {"triggers": (ScheduleTrigger(TriggerEvent.RELEASE, label="x"),)},
        {"evaluators": (EvaluatorChoice("a b", "equals"),)},
    ],
)
def test_a_schedule_that_cannot_work_is_refused(
    world: ScheduleWorld, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        world.set(**{"cron": DAILY, **wrong})


def test_a_key_without_a_role_starts_runs_as_itself_only(world: ScheduleWorld) -> None:
    key = Principal("key", "key_1", "ci", {})
    other = {"output_field": "", "target": ScheduledTarget(model="m"), "key_id": "key_2"}
    stored = world.set(cron=DAILY, **other)
    with pytest.raises(Forbidden):
        world.service.set(key, world.project, "mine", stored.schedule)
    with pytest.raises(Forbidden):
        world.starter.start(key, world.project, "nightly")
    with pytest.raises(Forbidden):
        world.service.switch(key, world.project, "nightly", enabled=False)


def test_a_schedule_keeps_its_newest_runs_and_those_that_are_needed(world: ScheduleWorld) -> None:
    world.set(cron="0 * * * *", keep_runs=2)
    started: list[str] = []
    for hour in range(6, 11):
        world.look(f"2026-11-30T{hour:02}:00:01")
        world.work()
        started.append(world.log()[-1].run_id)
        if hour == 6:
            world.set("other", cron=DAILY, baseline_run=started[0], version=1)
    world.look("2026-11-30T10:00:30")
    kept = [started[0], *started[-2:]]  # another schedule compares with the first
    assert [each.id for each in world.runs() if each.plan.label != "other"] == kept
    removed = world.events("evaluation.remove")
    assert {each.subject for each in removed} == set(started[1:-2])
    assert {each.actor_kind for each in removed} == {"system"}
    assert [each.run_id for each in world.log()] == ["", "", "", *started[-2:]]
    world.evaluated.service.remove(world.editor, world.project, started[-1])
    states = [each.run_state for each in world.service.starts(world.project, "nightly", 3)]
    assert states == [None, RunState.DONE, None]  # removed by hand, kept, not kept


def test_a_switch_changes_nothing_else_whoever_edits_meanwhile(world: ScheduleWorld) -> None:
    world.set(cron=DAILY, repeats=1)

    def switch() -> None:
        for at in range(20):
            world.service.switch(world.editor, world.project, "nightly", enabled=at % 2 == 1)

    with ThreadPoolExecutor(1) as threads:
        switching = threads.submit(switch)
        for repeats in range(1, 21):
            world.set(cron=DAILY, repeats=repeats)
        switching.result()
    found = world.service.get(world.project, "nightly").stored.schedule
    assert found.plan.repeats == 20


def test_a_run_that_starts_while_a_schedule_is_edited_is_no_conflict(world: ScheduleWorld) -> None:
    schedule = world.set(cron=DAILY).schedule
    seen = revision_of(schedule)
    world.look("2026-11-30T06:00:01")
    assert world.outcomes() == ["started"]
    place = world.editor, world.project, "nightly"
    longer = replace(schedule, keep_runs=30)
    saved = world.service.set(*place, longer, of_revision=seen)
    assert saved.stored.schedule == longer
    with pytest.raises(Conflict, match="was changed by eve"):
        world.service.set(*place, schedule, of_revision=seen)


def test_a_schedule_that_is_not_valid_any_more_can_be_switched_off(world: ScheduleWorld) -> None:
    world.set(cron=DAILY)

    def gone(kind: str) -> None:
        raise NotFound(f"There is no evaluator {kind}.")

    reader = world.released.world.identity.audit_reader
    service = ScheduleService(world.context, gone, reader)
    off = service.switch(world.editor, world.project, "nightly", enabled=False)
    assert not off.stored.schedule.enabled
    with pytest.raises(PenstockError):
        service.switch(world.editor, world.project, "nightly", enabled=True)
