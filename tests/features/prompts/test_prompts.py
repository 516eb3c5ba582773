"""Prompts: versions, labels with their history, partials, conflicts that name both versions."""

import threading
from typing import Any

import pytest
from msgspec.structs import replace

from penstock.features.access import Principal, Role
from penstock.features.prompts import history, store
from penstock.features.prompts.model import LabelRule, NewVersion, StoredPrompt
from penstock.features.prompts.service.comments import CommentService
from penstock.features.prompts.service.labels import LabelService
from penstock.features.prompts.service.prompts import PromptService
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound, PenstockError
from penstock.rules.prompts.documents import PromptContent, PromptVariable
from tests.features.catalog.test_tables import differences
from tests.features.world import World

HELLO = PromptContent("text", "Hello {{ name }}!", variables={"name": PromptVariable()})


@pytest.fixture
def prompts(installed: World) -> PromptService:
    return PromptService(installed.identity.context)


@pytest.fixture
def labels(installed: World) -> LabelService:
    return LabelService(installed.identity.context)


def text(body: str, **partials: str) -> PromptContent:
    return replace(HELLO, text=body, partials=partials)


def add(world: World, prompts: PromptService, name: str, content: PromptContent) -> StoredPrompt:
    return prompts.add(world.admin, world.project_id, name, NewVersion(content))[0]


def save(
    world: World, prompts: PromptService, prompt: StoredPrompt, body: str, parent: str = ""
) -> StoredPrompt:
    new = NewVersion(text(body), parent or prompt.digest, f"now {body}")
    return prompts.save(world.admin, world.project_id, prompt.id, new)[0]


def error_of(kind: type[PenstockError], function: Any, *args: Any, **kwargs: Any) -> PenstockError:
    with pytest.raises(kind) as caught:
        function(*args, **kwargs)
    return caught.value


def test_a_prompt_has_numbered_versions_named_by_their_content(
    installed: World, prompts: PromptService
) -> None:
    first = add(installed, prompts, "support/hello", HELLO)
    second = save(installed, prompts, first, "Hi {{ name }}")
    assert (first.latest, second.latest) == (1, 2)
    assert first.digest == HELLO.digest()
    version = prompts.version(installed.project_id, first.id, "2")
    assert (version.head.parent, version.head.author) == (first.digest, "ann@example.org")
    assert version.content == text("Hi {{ name }}")
    assert prompts.version(installed.project_id, first.id, first.digest).head.number == 1
    heads = prompts.list_versions(installed.project_id, first.id, None, 10)
    assert [head.number for head in heads] == [2, 1]


def test_the_same_content_again_is_no_new_version(installed: World, prompts: PromptService) -> None:
    first = add(installed, prompts, "hello", HELLO)
    again = prompts.save(
        installed.admin, installed.project_id, first.id, NewVersion(HELLO, "0" * 64)
    )
    assert again[0].latest == 1
    second = save(installed, prompts, first, "Hi {{ name }}")
    old = prompts.save(
        installed.admin, installed.project_id, first.id, NewVersion(HELLO, second.digest)
    )
    assert (old[0].latest, old[0].digest) == (3, first.digest)


def test_a_save_on_a_stale_version_is_a_conflict_that_names_both(
    installed: World, prompts: PromptService
) -> None:
    first = add(installed, prompts, "hello", HELLO)
    second = save(installed, prompts, first, "Hi {{ name }}")
    error = error_of(Conflict, save, installed, prompts, first, "Hey {{ name }}")
    assert error.code == "prompt_changed"
    assert f"version 1 ({first.digest[:12]})" in error.message
    assert f"version 2 ({second.digest[:12]}), by ann@example.org" in error.message
    assert prompts.get(installed.project_id, first.id).latest == 2
    taken = error_of(Conflict, add, installed, prompts, "hello", HELLO)
    assert taken.code == "prompt_exists"
    assert f"version 2 ({second.digest[:12]})" in taken.message


def test_of_many_editors_at_once_one_wins_each_round(
    installed: World, prompts: PromptService
) -> None:
    prompt = add(installed, prompts, "hello", HELLO)
    outcomes: list[int | str] = []

    def edit(number: int) -> None:
        try:
            done = save(installed, prompts, prompt, f"{number} {{{{ name }}}}", prompt.digest)
            outcomes.append(done.latest)
        except Conflict as error:
            outcomes.append(error.code)

    for turn in range(3):
        threads = [threading.Thread(target=edit, args=(10 * turn + at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        prompt = prompts.get(installed.project_id, prompt.id)
        assert prompt.latest == turn + 2
    assert outcomes.count("prompt_changed") == 9
    assert sorted(each for each in outcomes if isinstance(each, int)) == [2, 3, 4]


def test_a_label_moves_only_from_where_the_mover_saw_it(
    installed: World, prompts: PromptService, labels: LabelService
) -> None:
    project = installed.project_id
    prompt = add(installed, prompts, "hello", HELLO)
    save(installed, prompts, prompt, "Hi {{ name }}")
    here = (installed.admin, project, prompt.id)
    labels.move(*here, "production", to=1, seen=0)
    moved = labels.move(
        installed.admin, project, prompt.id, "production", to=2, seen=1, message="x"
    )
    assert moved.labels == {"production": 2}
    stale = error_of(
        Conflict, labels.move, installed.admin, project, prompt.id, "production", to=1, seen=1
    )
    assert stale.code == "label_moved"
    assert "is at version 2 now; you saw it at version 1" in stale.message
    assert labels.move(*here, "production", to=1, seen=2).labels == {"production": 1}
    assert labels.move(*here, "production", to=0, seen=1).labels == {}
    found = labels.list_moves(project, prompt.id, "", 10, "")
    assert [(move.from_number, move.to_number) for move in found] == [
        (1, 0),
        (2, 1),
        (1, 2),
        (0, 1),
    ]
    assert labels.list_moves(project, prompt.id, "", 10, "staging") == []
    actions = [
        event.action for event in installed.identity.audit_reader.list_page(project, None, 9)
    ]
    assert actions.count("prompt.label") == 4
    error_of(NotFound, labels.move, installed.admin, project, prompt.id, "staging", to=9, seen=0)
    error_of(
        InvalidRequest, labels.move, installed.admin, project, prompt.id, "latest", to=1, seen=0
    )


def test_protected_labels_need_their_role(
    installed: World, prompts: PromptService, labels: LabelService
) -> None:
    project = installed.project_id
    editor = Principal("user", "usr_3", "ed@example.org", {project: Role.EDITOR})
    prompt = add(installed, prompts, "hello", HELLO)
    error = error_of(Forbidden, labels.move, editor, project, prompt.id, "production", to=1, seen=0)
    assert error.code == "label_protected"
    labels.move(editor, project, prompt.id, "staging", to=1, seen=0)
    labels.set_rule(installed.admin, project, LabelRule("production", Role.EDITOR))
    labels.set_rule(installed.admin, project, LabelRule("staging", Role.ADMIN))
    assert [(rule.label, rule.role) for rule in labels.rules(project)] == [
        ("production", Role.EDITOR),
        ("staging", Role.ADMIN),
    ]
    labels.move(editor, project, prompt.id, "production", to=1, seen=0)
    error_of(Forbidden, labels.move, editor, project, prompt.id, "staging", to=0, seen=1)
    error_of(Forbidden, labels.set_rule, installed.admin, project, LabelRule("x", Role.OWNER))


def test_partials_keep_the_version_that_they_had(
    installed: World, prompts: PromptService, labels: LabelService
) -> None:
    project = installed.project_id
    style = add(installed, prompts, "shared/style", text("Be kind, {{ name }}."))
    main = add(installed, prompts, "main", text('{% include "shared/style" %} Bye.'))
    save(installed, prompts, style, "Be short.")
    labels.move(installed.admin, project, style.id, "production", to=2, seen=0)
    found = prompts.resolve(project, "main", "")
    assert found.version.content.partials == {"shared/style": style.digest}
    assert found.partials[style.digest].text == "Be kind, {{ name }}."
    renewed = NewVersion(text('{% include "shared/style" %} Bye.'), main.digest)
    again = prompts.save(installed.admin, project, main.id, renewed)[1]
    assert again.content.partials == {"shared/style": text("Be short.").digest()}
    chosen = NewVersion(text('{% include "shared/style@1" %}'), again.head.digest)
    old = prompts.save(installed.admin, project, main.id, chosen)[1]
    assert old.content.partials == {"shared/style@1": style.digest}
    assert prompts.render(project, text('{% include "shared/style@1" %}'), {"name": "A"}).text == (
        "Be kind, A."
    )


def test_partials_that_lead_back_or_nowhere_are_rejected(
    installed: World, prompts: PromptService
) -> None:
    first = add(installed, prompts, "a", HELLO)
    add(installed, prompts, "b", text('{% include "a" %}'))
    for body, part in (
        ('{% include "a" %}', "includes this prompt again"),
        ('{% include "b" %}', "includes this prompt again"),
        ('{% include "c" %}', "no prompt 'c'"),
        ('{% include "b@staging" %}', "no label 'staging'"),
        ('{% include "b@7" %}', "no version 7"),
    ):
        assert part in error_of(InvalidRequest, save, installed, prompts, first, body).message
    foreign = NewVersion(text('{% include "x" %}', x="0" * 64), first.digest)
    error = error_of(
        InvalidRequest, prompts.save, installed.admin, installed.project_id, first.id, foreign
    )
    assert error.code == "partial_invalid"
    assert prompts.get(installed.project_id, first.id).latest == 1


def test_prompts_are_found_by_folder_words_and_label(
    installed: World, prompts: PromptService, labels: LabelService
) -> None:
    project = installed.project_id
    for name, body in (
        ("sales/mail", "Write a Letter"),
        ("sales/deep/mail", "letter of thanks"),
        ("sales0", "number"),
        ("support", "100% percent_"),
    ):
        add(installed, prompts, name, text(body))
    last = prompts.resolve(project, "support", "latest").prompt
    labels.move(installed.admin, project, last.id, "staging", to=1, seen=0)

    def names(query: str = "", folder: str = "", label: str = "", after: str = "") -> list[str]:
        found = prompts.list_page(project, after, 10, query=query, folder=folder, label=label)
        return [each.name for each in found]

    assert names() == ["sales/deep/mail", "sales/mail", "sales0", "support"]
    assert names(after="sales/mail") == ["sales0", "support"]
    assert names(folder="sales") == ["sales/deep/mail", "sales/mail"]
    assert names("LETTER sales") == ["sales/deep/mail", "sales/mail"]
    assert names("letter thanks") == ["sales/deep/mail"]
    assert names("100% percent_") == ["support"]
    assert names("1_0") == []
    assert names(label="staging") == ["support"]
    assert names(label="production") == []


def test_a_prompt_with_a_label_stays_and_others_are_removed_and_restored(
    installed: World, prompts: PromptService, labels: LabelService
) -> None:
    project, admin = installed.project_id, installed.admin
    prompt = add(installed, prompts, "hello", HELLO)
    labels.move(admin, project, prompt.id, "staging", to=1, seen=0)
    assert error_of(Conflict, prompts.remove, admin, project, prompt.id).code == "prompt_in_use"
    labels.move(admin, project, prompt.id, "staging", to=0, seen=1)
    comments = CommentService(installed.identity.context)
    comments.add(admin, project, prompt.id, "fine", 1)
    error_of(NotFound, comments.add, admin, project, prompt.id, "?", 2)
    prompts.remove(admin, project, prompt.id)
    error = error_of(NotFound, prompts.resolve, project, "hello", "")
    assert error.code == "prompt_removed"
    assert "was removed at 20" in error.message
    assert error.hint == "Restore it: penstock prompts restore hello"
    assert prompts.resolve(project, "hello", prompt.digest).version.head.number == 1
    taken = error_of(Conflict, add, installed, prompts, "hello", HELLO)
    assert "belongs to a removed prompt" in taken.message
    assert error_of(Conflict, save, installed, prompts, prompt, "new").code == "prompt_removed"
    moved = error_of(Conflict, labels.move, admin, project, prompt.id, "staging", to=1, seen=0)
    assert moved.code == "prompt_removed"
    page = {"query": "", "folder": "", "label": ""}
    assert prompts.list_page(project, "", 5, **page) == []
    assert [each.name for each in prompts.list_page(project, "", 5, **page, archived=True)] == [
        "hello"
    ]
    assert prompts.restore(admin, project, prompt.id).archived_ms is None
    assert prompts.resolve(project, "hello", "").prompt.id == prompt.id
    assert [each.text for each in comments.list_page(project, prompt.id, "", 5)] == ["fine"]


def test_versions_that_include_a_removed_prompt_work(
    installed: World, prompts: PromptService
) -> None:
    project = installed.project_id
    style = add(installed, prompts, "shared/style", text("Be kind."))
    main = add(installed, prompts, "main", text('{% include "shared/style" %} Bye.'))
    prompts.remove(installed.admin, project, style.id)
    assert prompts.resolve(project, "main", "").partials[style.digest].text == "Be kind."
    error = error_of(
        InvalidRequest, add, installed, prompts, "x", text('{% include "shared/style" %}')
    )
    assert (error.code, "was removed at" in error.message) == ("partial_invalid", True)
    save(installed, prompts, main, "Alone.")


def test_prompts_of_another_project_are_not_found(
    installed: World, prompts: PromptService, labels: LabelService
) -> None:
    prompt = add(installed, prompts, "hello", HELLO)
    for call in (
        lambda: prompts.get("prj_x", prompt.id),
        lambda: prompts.version("prj_x", prompt.id, "1"),
        lambda: prompts.resolve("prj_x", "hello", ""),
        lambda: labels.list_moves("prj_x", prompt.id, "", 5, ""),
        lambda: labels.move(installed.root, "prj_x", prompt.id, "staging", to=1, seen=0),
    ):
        error_of(NotFound, call)


@pytest.mark.parametrize(
    "name", ["", "/a", "a/", "a//b", "a b", "../a", "é", "a" * 201, "a/" * 9 + "b"]
)
def test_names_are_checked(installed: World, prompts: PromptService, name: str) -> None:
    assert error_of(InvalidRequest, add, installed, prompts, name, HELLO).param == "name"


def test_a_template_with_an_error_is_not_saved(installed: World, prompts: PromptService) -> None:
    error = error_of(InvalidRequest, add, installed, prompts, "hello", text("{{ nam }}"))
    assert (error.code, error.hint) == ("variable_undeclared", "Did you mean `name`?")
    assert prompts.list_page(installed.project_id, "", 5, query="", folder="", label="") == []


def test_migrated_tables_are_the_declared_ones(installed: World) -> None:
    assert differences(installed, store.METADATA) == []
    assert differences(installed, history.METADATA) == []
