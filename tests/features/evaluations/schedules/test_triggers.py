"""Evaluation schedules start runs after changes of their project."""

from typing import Any

from penstock.features.datasets.service.changes import DatasetChange, DatasetChanges
from penstock.features.evaluations.schedules.model import (
    ScheduledTarget,
    ScheduleTrigger,
    TriggerEvent,
)
from penstock.features.prompts import store
from penstock.features.prompts.model import NewVersion
from penstock.features.prompts.service.labels import LabelService
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.releases.documents import Release
from tests.features.evaluations.schedules.conftest import ScheduleWorld

MODEL = ScheduledTarget(
    model="support-route", prompt="greet", prompt_version="staging", parameters={"seed": 1}
)


def on(event: TriggerEvent, **fields: str) -> dict[str, Any]:
    return {"triggers": (ScheduleTrigger(event, **fields),)}


def calling(target: ScheduledTarget = MODEL) -> dict[str, Any]:
    return {"output_field": "", "target": target, "key_id": "key_1"}


def save_prompt(world: ScheduleWorld, text: str, name: str = "greet") -> tuple[str, str]:
    """Saves a version. Returns the ids of the prompt and its content."""
    prompts, place = world.released.prompts, (world.editor, world.project)
    content = PromptContent("text", text)
    with world.context.database.read() as connection:
        found = store.find_named(connection, world.project, name)
    if found is None:
        prompt, version = prompts.add(*place, name, NewVersion(content))
    else:
        prompt, version = prompts.save(*place, found.id, NewVersion(content, parent=found.digest))
    return prompt.id, version.head.digest


def move(world: ScheduleWorld, prompt_id: str, label: str, to: int, seen: int) -> None:
    labels = LabelService(world.context)
    labels.move(world.editor, world.project, prompt_id, label, to=to, seen=seen)


def change_dataset(world: ScheduleWorld, number: int, name: str = "faq") -> None:
    change = DatasetChange(items=[DatasetItem(f"n{number}", f"Question {number}?", "1")])
    DatasetChanges(world.context).change(world.editor, world.project, name, change)


def causes(world: ScheduleWorld) -> list[str]:
    return [each.cause for each in world.log() if each.outcome == "started"]


def test_a_label_that_moves_starts_a_run_of_its_version(world: ScheduleWorld) -> None:
    prompt_id, first = save_prompt(world, "Hello.")
    world.set(**on(TriggerEvent.PROMPT_LABEL, name="greet", label="staging"), **calling())
    world.look()
    move(world, prompt_id, "other", 1, 0)
    world.look()
    assert world.runs() == []
    move(world, prompt_id, "staging", 1, 0)
    world.look()
    (run,) = world.runs()
    release = world.released.releases.find(world.project, run.plan.release).release
    assert release == Release("support-route", first, {"seed": 1})
    assert causes(world) == ["prompt_label: greet@staging is version 1"]
    world.look()
    assert len(world.runs()) == 1


def test_a_label_that_is_removed_starts_nothing(world: ScheduleWorld) -> None:
    prompt_id, _ = save_prompt(world, "Hello.")
    move(world, prompt_id, "staging", 1, 0)
    world.set(**on(TriggerEvent.PROMPT_LABEL), **calling())
    move(world, prompt_id, "staging", 0, 1)
    world.look()
    assert world.outcomes() == []


def test_a_version_of_the_named_prompt_starts_a_run(world: ScheduleWorld) -> None:
    world.set(
        **on(TriggerEvent.PROMPT_VERSION, name="greet"),
        **calling(ScheduledTarget(model="support-route", prompt="greet", prompt_version="latest")),
    )
    save_prompt(world, "Other.", "other")
    world.look()
    assert world.runs() == []
    save_prompt(world, "Hello.")
    world.look()
    assert causes(world) == ["prompt_version: greet@1"]


def test_changes_while_a_run_is_open_start_one_run_after_it(world: ScheduleWorld) -> None:
    world.set(**on(TriggerEvent.DATASET_VERSION))
    for number in range(4):
        change_dataset(world, number)
        world.look()
    assert world.outcomes() == ["started"]
    world.work()
    world.look()
    assert sorted(world.outcomes()) == ["skipped", "started", "started"]
    assert [each.plan.version for each in world.runs()] == [2, 5]
    assert causes(world) == ["dataset_version: faq@2", "dataset_version: faq@5"]
    (skipped,) = [each for each in world.log() if each.outcome == "skipped"]
    assert skipped.reason == "A later change starts the run, instead of 2."


def test_a_release_is_measured_that_others_have_made(world: ScheduleWorld) -> None:
    target = ScheduledTarget(triggering_release=True)
    _, digest = save_prompt(world, "Hello.")
    world.set(**on(TriggerEvent.RELEASE, name="greet"), **calling(target))
    releases = world.released.releases
    releases.create(world.editor, world.project, Release("support-route"))
    releases.create(world.editor, world.project, Release("support-route", digest), "evaluated")
    world.look()
    assert world.runs() == []
    made, _ = releases.create(world.editor, world.project, Release("gpt-4o", digest))
    world.look()
    (run,) = world.runs()
    assert run.plan.release == made.digest
    assert causes(world) == [f"release: {made.digest[:12]}"]


def test_runs_of_schedules_trigger_no_further_ones(world: ScheduleWorld) -> None:
    prompt_id, _ = save_prompt(world, "Hello.")
    move(world, prompt_id, "staging", 1, 0)
    world.set("by-release", **on(TriggerEvent.RELEASE), **calling())
    world.set("by-label", **on(TriggerEvent.PROMPT_LABEL), **calling())
    save_prompt(world, "Hi.")
    move(world, prompt_id, "staging", 2, 1)
    for _ in range(3):
        world.look()
    assert (world.outcomes("by-label"), world.outcomes("by-release")) == (["started"], [])


def test_the_release_that_answers_a_use_case_is_measured(world: ScheduleWorld) -> None:
    target = ScheduledTarget(use_case="support", environment="dev")
    world.set(cron="0 * * * *", **calling(target))
    world.look("2026-11-30T06:00:00")
    assert world.outcomes() == ["failed"]
    release = world.released.release().digest
    world.released.start(release)
    world.look("2026-11-30T07:00:00")
    assert world.runs()[0].plan.release == release


def test_what_happened_before_or_while_it_was_off_starts_nothing(world: ScheduleWorld) -> None:
    change_dataset(world, 1)
    world.set(**on(TriggerEvent.DATASET_VERSION))
    world.look()
    world.service.switch(world.editor, world.project, "nightly", enabled=False)
    change_dataset(world, 2)
    world.look()
    world.service.switch(world.editor, world.project, "nightly", enabled=True)
    world.look()
    assert world.runs() == []
