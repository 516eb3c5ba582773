"""Races of prompts over real locks: PostgreSQL locks rows, SQLite has one writer."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from penstock.features.prompts.model import NewVersion, StoredPrompt
from penstock.features.prompts.service.comments import CommentService
from penstock.features.prompts.service.labels import LabelService
from penstock.features.prompts.service.prompts import PromptService
from penstock.infra.sql import Database
from penstock.kernel.errors import PenstockError
from penstock.rules.prompts.documents import PromptContent
from tests.features.identity.conftest import HandClock, World, open_world
from tests.stores import Cluster, migrated_sqlite

EDITORS, ROUNDS = 6, 5


@dataclass
class Races:
    """The services over one store."""

    world: World
    prompts: PromptService
    labels: LabelService
    comments: CommentService

    def add(self, name: str) -> StoredPrompt:
        return self.prompts.add(self.world.root, self.world.project_id, name, version("first"))[0]

    def save(self, prompt: StoredPrompt, text: str) -> int:
        new = NewVersion(PromptContent("text", text), prompt.digest, text)
        saved = self.prompts.save(self.world.root, self.world.project_id, prompt.id, new)
        return saved[0].latest

    def move(self, prompt: StoredPrompt, to: int, seen: int, label: str = "staging") -> int:
        here = (self.world.root, self.world.project_id, prompt.id, label)
        return self.labels.move(*here, to=to, seen=seen).labels.get(label, 0)

    def remove(self, prompt: StoredPrompt) -> None:
        self.prompts.remove(self.world.root, self.world.project_id, prompt.id)

    def comment(self, prompt: StoredPrompt) -> None:
        self.comments.add(self.world.root, self.world.project_id, prompt.id, "well done", 0)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def races(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Races]:
    folder = tmp_path_factory.mktemp("races")
    if request.param == "sqlite":
        yield from _opened(folder, migrated_sqlite(folder / "penstock.db"))
        return
    running: Cluster = request.getfixturevalue("postgres")
    with running.migrated() as url:
        yield from _opened(folder, url)


def _opened(folder: Path, url: str) -> Iterator[Races]:
    database = Database(url)
    world = open_world(folder, database, HandClock())
    context = world.identity.context
    yield Races(world, PromptService(context), LabelService(context), CommentService(context))
    database.close()


def version(text: str) -> NewVersion:
    return NewVersion(PromptContent("text", text), "", text)


def at_once(*functions: Callable[[], Any]) -> list[Any]:
    """Runs all at the same time; returns results, and the codes of errors."""
    barrier = threading.Barrier(len(functions))
    outcomes: list[Any] = [None] * len(functions)

    def run(at: int) -> None:
        barrier.wait()
        try:
            outcomes[at] = functions[at]()
        except PenstockError as error:
            outcomes[at] = error.code

    threads = [threading.Thread(target=run, args=(at,)) for at in range(len(functions))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def won(outcomes: Sequence[Any]) -> list[int]:
    return [each for each in outcomes if isinstance(each, int)]


def test_of_editors_at_once_one_wins_and_the_others_hear_of_it(races: Races) -> None:
    prompt = races.add("editors")
    for turn in range(ROUNDS):
        prompt = races.prompts.get(races.world.project_id, prompt.id)
        outcomes = at_once(
            *(partial(races.save, prompt, f"{turn} by {at}") for at in range(EDITORS))
        )
        assert won(outcomes) == [turn + 2]
        assert outcomes.count("prompt_changed") == EDITORS - 1
    heads = races.prompts.list_versions(races.world.project_id, prompt.id, None, 100)
    assert [head.number for head in heads] == list(range(ROUNDS + 1, 0, -1))
    assert [head.parent for head in heads[:-1]] == [head.digest for head in heads[1:]]


def test_of_prompts_with_one_name_one_is_added(races: Races) -> None:
    for turn in range(ROUNDS):
        outcomes = at_once(*[partial(races.add, f"named{turn}")] * EDITORS)
        assert sum(isinstance(each, StoredPrompt) for each in outcomes) == 1
        codes = {each for each in outcomes if isinstance(each, str)}
        assert codes <= {"prompt_exists", "conflict"}
        assert (
            len(
                races.prompts.list_page(
                    races.world.project_id, "", 100, query=f"named{turn}", folder="", label=""
                )
            )
            == 1
        )


def test_of_moves_of_a_label_one_wins_and_the_history_is_a_chain(races: Races) -> None:
    prompt = races.add("labels")
    for at in range(EDITORS):
        races.save(races.prompts.get(races.world.project_id, prompt.id), f"version {at}")
    seen = 0
    for _ in range(ROUNDS):
        targets = [each for each in range(1, EDITORS + 2) if each != seen]
        outcomes = at_once(*(partial(races.move, prompt, to, seen) for to in targets))
        races.world.clock.forward(1)
        [at] = won(outcomes)
        assert outcomes.count("label_moved") == len(targets) - 1
        seen = at
    moves = races.labels.list_moves(races.world.project_id, prompt.id, "", 100, "staging")
    assert len(moves) == ROUNDS
    chain = [0, *(each.to_number for each in reversed(moves))]
    assert [each.from_number for each in reversed(moves)] == chain[:-1]
    assert races.prompts.get(races.world.project_id, prompt.id).labels == {"staging": seen}


def test_a_push_and_a_move_and_an_editor_at_once_lose_nothing(races: Races) -> None:
    for turn in range(ROUNDS):
        prompt = races.add(f"both{turn}")
        outcomes = at_once(
            partial(races.save, prompt, "by an editor"),
            partial(races.save, prompt, "by a push"),
            partial(races.move, prompt, 1, 0),
        )
        assert sorted(map(str, outcomes)) == ["1", "2", "prompt_changed"]
        found = races.prompts.get(races.world.project_id, prompt.id)
        assert (found.latest, found.labels) == (2, {"staging": 1})


def test_a_prompt_that_is_removed_meanwhile_has_no_label(races: Races) -> None:
    for turn in range(ROUNDS * 3):
        prompt = races.add(f"removed{turn}")
        outcomes = at_once(
            partial(races.remove, prompt),
            partial(races.move, prompt, 1, 0),
            partial(races.save, prompt, "again"),
            partial(races.comment, prompt),
        )
        assert outcomes[0] in (None, "prompt_in_use"), outcomes
        found = races.prompts.get(races.world.project_id, prompt.id)
        if outcomes[0] is None:
            assert outcomes[1] == "prompt_removed"
        assert found.labels == ({} if outcomes[0] is None else {"staging": 1})
        assert outcomes[2] in (found.latest, "prompt_removed")


def test_a_prompt_that_includes_one_that_is_removed_meanwhile_works(races: Races) -> None:
    for turn in range(ROUNDS * 3):
        part = races.add(f"part{turn}")
        races.save(part, f"part {turn}")  # a content that no other prompt has
        whole = races.add(f"whole{turn}")
        include = f'{{% include "part{turn}" %}}'
        outcomes = at_once(partial(races.remove, part), partial(races.save, whole, include))
        assert outcomes in ([None, "partial_invalid"], [None, 2]), outcomes
        found = races.prompts.resolve(races.world.project_id, f"whole{turn}", "latest")
        assert len(found.partials) == found.version.head.number - 1


def test_the_audit_chain_holds_after_all_races(races: Races) -> None:
    report = races.world.identity.audit_reader.verify(races.world.project_id)
    assert report.breach is None, report
