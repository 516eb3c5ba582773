"""Other names of prompts: callers of the old ones find them, and no name means two prompts."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.features.prompts.model import MAX_OLD_NAMES, StoredPrompt
from penstock.features.prompts.service.moving import PromptMoves
from penstock.features.prompts.service.prompts import PromptService
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound, PenstockError
from tests.conftest import LawSettings
from tests.features.prompts.test_prompts import add, error_of, text
from tests.features.world import World


@pytest.fixture
def moves(installed: World) -> PromptMoves:
    return PromptMoves(installed.identity.context)


@pytest.fixture
def prompts(installed: World) -> PromptService:
    return PromptService(installed.identity.context)


def named(installed: World, prompts: PromptService, name: str) -> StoredPrompt:
    return prompts.resolve(installed.project_id, name, "").prompt


def test_a_renamed_prompt_is_found_by_both_names(
    installed: World, prompts: PromptService, moves: PromptMoves
) -> None:
    project, admin = installed.project_id, installed.admin
    prompt = add(installed, prompts, "support/triage", text("Hi."))
    moves.move(admin, project, "support/triage", "care/triage")
    found = named(installed, prompts, "support/triage")
    assert (found.id, found.name, found.old_names) == (
        prompt.id,
        "care/triage",
        ("support/triage",),
    )
    assert named(installed, prompts, "care/triage").id == prompt.id
    page = prompts.list_page(project, "", 5, query="care", folder="", label="")
    assert [each.id for each in page] == [prompt.id]
    taken = error_of(Conflict, add, installed, prompts, "support/triage", text("x"))
    assert "an old name of 'care/triage'" in taken.message
    assert error_of(Conflict, moves.move, admin, project, "support/triage", "x").code == (
        "prompt_moved"
    )
    other = add(installed, prompts, "other", text("x"))
    error_of(Conflict, moves.move, admin, project, "other", "support/triage")
    moves.free(admin, project, "support/triage")
    error_of(NotFound, prompts.resolve, project, "support/triage", "")
    error_of(NotFound, moves.free, admin, project, "support/triage")
    moves.move(admin, project, "other", "support/triage")
    assert named(installed, prompts, "support/triage").id == other.id


def test_a_prompt_goes_back_and_has_a_bounded_number_of_old_names(
    installed: World, prompts: PromptService, moves: PromptMoves
) -> None:
    project, admin = installed.project_id, installed.admin
    add(installed, prompts, "n0", text("x"))
    for number in range(MAX_OLD_NAMES):
        moves.move(admin, project, f"n{number}", f"n{number + 1}")
    last = f"n{MAX_OLD_NAMES}"
    error_of(InvalidRequest, moves.move, admin, project, last, "one-more")
    moves.move(admin, project, last, "n3")
    assert named(installed, prompts, last).name == "n3"


def test_a_folder_moves_as_a_whole_or_not_at_all(
    installed: World, prompts: PromptService, moves: PromptMoves
) -> None:
    project, admin = installed.project_id, installed.admin
    for name in ("a/x", "a/b/y", "ab/z", "c/b/y"):
        add(installed, prompts, name, text(name))
    error_of(Conflict, moves.move, admin, project, "a/", "c/")
    assert named(installed, prompts, "a/x").name == "a/x"
    done = moves.move(admin, project, "a/", "d/e/")
    assert [(each.old, each.new) for each in done] == [("a/b/y", "d/e/b/y"), ("a/x", "d/e/x")]
    assert named(installed, prompts, "a/b/y").name == "d/e/b/y"
    assert named(installed, prompts, "ab/z").name == "ab/z"
    for old, new in (("d/", "d"), ("none/", "x/"), ("/", "x/"), ("d/", "../"), ("ab/", "ab/")):
        error_of(PenstockError, moves.move, admin, project, old, new)


_NAMES = st.sampled_from(("a", "b", "a/x", "a/y", "b/x", "a/b/x"))
_FOLDERS = st.sampled_from(("a/", "b/", "a/b/"))
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _NAMES, _NAMES),
        st.tuples(st.just("move"), _NAMES, _NAMES),
        st.tuples(st.just("move"), _FOLDERS, _FOLDERS),
        st.tuples(st.sampled_from(("remove", "restore", "free")), _NAMES, _NAMES),
    ),
    max_size=12,
)


@dataclass
class Names:
    """Does a step, and keeps which prompt each present and old name leads to."""

    world: World
    prompts: PromptService
    moves: PromptMoves

    def run(self, names: dict[str, str], kind: str, one: str, two: str) -> None:
        project, admin = self.world.project_id, self.world.admin
        match kind:
            case "add":
                names[one] = add(self.world, self.prompts, one, text("x")).id
            case "move":
                for each in self.moves.move(admin, project, one, two):
                    names[each.new] = each.id
            case "free":
                self.moves.free(admin, project, one)
                del names[one]
            case "remove":
                self.prompts.remove(admin, project, names.get(one, ""))
            case _:
                self.prompts.restore(admin, project, names.get(one, ""))


def test_each_name_ever_given_leads_to_its_prompt_until_it_is_freed(
    installed: World, prompts: PromptService, moves: PromptMoves, law: LawSettings
) -> None:
    world = Names(installed, prompts, moves)
    project = installed.project_id
    turn = iter(range(10**6))

    @law(10)
    @given(_STEPS)
    def holds(steps: list[tuple[str, str, str]]) -> None:
        root = f"t{next(turn)}/"
        names: dict[str, str] = {}  # the model: name → id, of present and old names

        for kind, one, two in steps:
            with suppress(PenstockError):
                world.run(names, kind, root + one, root + two)
        for name, prompt_id in names.items():
            digest: Any = prompts.get(project, prompt_id).digest
            assert prompts.resolve(project, name, digest).prompt.id == prompt_id

    holds()
