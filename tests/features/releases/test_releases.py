"""Releases: made once, checked, closed, and found by what they contain."""

import pytest

from penstock.features.prompts.model import NewVersion
from penstock.features.releases.assembly import load_bundles
from penstock.features.releases.model import PartKind
from penstock.features.releases.store import METADATA
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.prompts.documents import PromptContent, PromptMessage
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ServedRelease
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.snapshot.rollouts import RELEASES
from tests.features.catalog.test_tables import differences
from tests.features.releases.released import STYLE, Released


def test_the_tables_are_the_declared_ones(released: Released) -> None:
    assert differences(released.world, METADATA) == []


def test_the_same_content_is_the_same_release(released: Released) -> None:
    first = released.release(prompt=released.prompt)
    again, new = released.releases.create(
        released.world.admin, released.project, Release("support-route", released.prompt)
    )
    assert (again, new) == (first, False)
    assert released.releases.find(released.project, first.digest[:8]) == first
    with pytest.raises(NotFound):
        released.releases.find("prj_other", first.digest)
    with pytest.raises(InvalidRequest):
        released.releases.find(released.project, "abc")


@pytest.mark.parametrize(
    ("release", "code", "said"),
    [
        (Release(), "release_invalid", "model"),
        (Release("gpt-5o"), "release_model_gone", "gpt-4o"),
        (Release("openai/other"), "release_model_gone", "openai/other"),
        (Release("both"), "release_invalid", "mine/both"),
        (Release("x\n"), "release_invalid", "model"),
        (Release("gpt-4o", "0" * 64), "release_invalid", "hash"),
        (Release("", "0" * 64, steps={"a": "1" * 64}), "release_invalid", ""),
        (Release("gpt-4o", steps={"a": "1" * 64}), "release_invalid", "1111"),
        (Release("gpt-4o", steps={"a b": "1" * 64}), "release_invalid", "a b"),
        (Release("gpt-4o", parameters={"temprature": 1}), "release_invalid", "temprature"),
        (Release("gpt-4o", parameters={"seed": float("nan")}), "release_invalid", "finite"),
        (Release("gpt-4o", tools=({"type": "function"},)), "release_invalid", "tools.0"),
        (Release("gpt-4o", tools=({"type": "function"},) * 129), "release_invalid", "128"),
        (Release("gpt-4o", response_schema={"x": "y" * 300_000}), "release_invalid", "KiB"),
    ],
)
def test_a_release_that_cannot_work_is_refused_with_the_reason(
    released: Released, release: Release, code: str, said: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        released.releases.create(released.editor, released.project, release)
    assert caught.value.code == code
    assert said in caught.value.sentence()
    assert released.releases.list(released.project, (), None, 10) == []


def test_a_prompt_with_results_of_tools_cannot_be_released(released: Released) -> None:
    content = PromptContent("chat", messages=(PromptMessage("tool", "42"),))
    _, version = released.prompts.add(
        released.editor, released.project, "tools", NewVersion(content)
    )
    with pytest.raises(InvalidRequest, match="role `tool`"):
        released.release(prompt=version.head.digest)


@pytest.mark.parametrize("model", ["gpt-4o", "openai/gpt-4o", "any/thing", "support-route"])
def test_a_release_names_what_a_caller_could_send(released: Released, model: str) -> None:
    assert released.release(model).release.model == model


def test_a_release_is_closed_also_when_its_prompt_is_removed(released: Released) -> None:
    made = released.release(prompt=released.prompt)
    released.prompts.remove(released.editor, released.project, released.prompt_id)
    with released.world.database.read() as connection:
        (bundle,) = load_bundles(connection, released.project, [made.digest])
    served = ServedRelease.of(bundle)
    assert (served.failure, served.placeholder) == ("", "messages")
    assert bundle.partials == {STYLE.digest(): STYLE}


def test_lineage_goes_both_ways(released: Released) -> None:
    answer = released.release(prompt=released.prompt)
    plain = released.release("gpt-4o")
    steps = {"look": plain.digest, "again": plain.digest, "answer": answer.digest}
    chain, _ = released.releases.create(released.editor, released.project, Release(steps=steps))
    released.start(answer.digest)
    lineage = released.releases.lineage(released.project, answer.digest, 10)
    assert [(part.kind, part.part, part.title) for part in lineage.contains] == [
        (PartKind.MODEL, "support-route", ""),
        (PartKind.PARTIAL, STYLE.digest(), ""),
        (PartKind.PROMPT, released.prompt, "support/answer 1"),
    ]
    assert lineage.contained_in == [chain]
    assert lineage.rollouts == [("support", "dev")]
    parts = released.releases.lineage(released.project, chain.digest, 10).contains
    assert {(part.part, part.title) for part in parts} == {
        (plain.digest, "again, look"),
        (answer.digest, "answer"),
    }

    def containing(*parts: tuple[PartKind, str]) -> list[str]:
        found = released.releases.list(released.project, parts, None, 10)
        return [each.digest for each in found]

    assert containing((PartKind.PROMPT, released.prompt)) == [answer.digest]
    assert containing((PartKind.PARTIAL, STYLE.digest())) == [answer.digest]
    assert containing((PartKind.MODEL, "gpt-4o")) == [plain.digest]
    assert containing((PartKind.STEP, plain.digest)) == [chain.digest]
    assert containing((PartKind.MODEL, "gpt-4o"), (PartKind.PROMPT, released.prompt)) == []


def test_a_release_whose_model_is_gone_is_refused_with_a_sentence(released: Released) -> None:
    made = released.release()
    released.routes.remove(released.world.admin, released.project, "support-route")
    with pytest.raises(InvalidRequest) as caught:
        released.start(made.digest)
    assert caught.value.code == "release_model_gone"
    assert made.digest[:12] in caught.value.message
    assert "support-route" in caught.value.message


def test_a_chain_is_rolled_out_with_the_releases_of_its_steps(released: Released) -> None:
    step = released.release("gpt-4o")
    create = released.releases.create
    chain, _ = create(released.editor, released.project, Release(steps={"one": step.digest}))
    released.start(chain.digest)
    sections = released.rollouts.documents()
    for digest in (chain.digest, step.digest):
        assert RELEASES.name(released.project, digest) in sections
    nested, _ = create(released.editor, released.project, Release(steps={"all": chain.digest}))
    with pytest.raises(InvalidRequest, match="is a chain itself") as caught:
        released.start(nested.digest, seen=1)
    assert caught.value.code == "release_not_servable"
    both = {"one": step.digest, "two": released.release().digest}
    routed, _ = create(released.editor, released.project, Release(steps=both))
    released.routes.remove(released.world.admin, released.project, "support-route")
    with pytest.raises(InvalidRequest) as caught:
        released.start(routed.digest, seen=1)
    assert caught.value.code == "release_model_gone"


def test_a_route_in_use_by_name_does_not_hide_behind_a_use_case(released: Released) -> None:
    made = released.release()
    assert released.start(made.digest).arms == (RolloutArm(made.digest),)
    assert released.rollouts.get(released.project, "support", "dev").entry == Rollout(
        "support", "dev", 1, (RolloutArm(made.digest),)
    )
    with pytest.raises(Conflict):
        released.use_cases.remove(released.editor, released.project, "support")
