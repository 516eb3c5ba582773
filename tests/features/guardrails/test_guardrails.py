"""Guardrail policies: which are valid, kept with their versions, audited, and in the snapshot."""

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.features.guardrails.service import GuardrailService
from penstock.features.guardrails.store import METADATA
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.rules.guards.policies import (
    MAX_POLICIES,
    Action,
    Check,
    GuardrailPolicy,
    GuardrailsSection,
    OnFailure,
    Options,
    Place,
)
from tests.features.catalog.test_tables import differences
from tests.features.world import World


class Words:
    """A detector that finds words; it needs some."""

    def problem_of(self, options: Options) -> str:
        return "" if options.get("words") else "The detector needs words."


class Installed:
    """The detectors of these tests; one needs a package that is missing."""

    def __init__(self) -> None:
        self._made: Mapping[str, Words] = {"words": Words()}

    def names(self) -> tuple[str, ...]:
        return ("missing", "words")

    def get(self, kind: str) -> Words:
        if kind not in self._made:
            raise NotFound(f"The plugin {kind!r} needs a package.", hint="Install it.")
        return self._made[kind]


CHECK = Check("words", (Place.INPUT, Place.OUTPUT), Action.REDACT, options={"words": ("tin",)})
POLICY = GuardrailPolicy("", "no metals", (CHECK,), only={"team": ("search",)})


@pytest.fixture
def guardrails(installed: World) -> GuardrailService:
    return GuardrailService(installed.identity.context, Installed())


def test_the_migrated_table_is_the_declared_one(installed: World) -> None:
    assert differences(installed, METADATA) == []


def test_a_policy_has_versions_and_audit_events(
    installed: World, guardrails: GuardrailService
) -> None:
    world, project = installed, installed.project_id
    added = guardrails.add(world.admin, project, POLICY)
    assert added.entry == replace(POLICY, id=added.entry.id, version=1)
    assert added.entry.id.startswith("grd_")
    stricter = replace(added.entry, checks=(replace(CHECK, action=Action.BLOCK),))
    second = guardrails.replace(world.admin, project, stricter, of_version=1)
    assert second.entry == replace(stricter, version=2)
    assert second.entry.digest != added.entry.digest
    with pytest.raises(Conflict) as caught:
        guardrails.replace(world.admin, project, stricter, of_version=1)
    assert caught.value.code == "guardrail_changed"
    assert guardrails.list_all(project) == [second]
    section = guardrails.documents()[f"{project}/guardrails"]
    assert section == GuardrailsSection(project, (second.entry,))
    guardrails.remove(world.admin, project, added.entry.id)
    assert guardrails.documents() == {}
    actions = [event.action for event in world.events()]
    assert actions == ["guardrail.add", "guardrail.replace", "guardrail.remove"]
    assert world.events()[1].after["checks"][0]["action"] == "block"


def test_names_are_unique_and_policies_of_others_are_not_found(
    installed: World, guardrails: GuardrailService
) -> None:
    first = guardrails.add(installed.admin, installed.project_id, POLICY)
    with pytest.raises(Conflict):
        guardrails.add(installed.admin, installed.project_id, POLICY)
    other = guardrails.add(installed.admin, installed.project_id, replace(POLICY, name="other"))
    renamed = replace(other.entry, name=POLICY.name)
    with pytest.raises(Conflict):
        guardrails.replace(installed.admin, installed.project_id, renamed, of_version=None)
    with pytest.raises(NotFound):
        guardrails.get("prj_other", first.entry.id)
    with pytest.raises(NotFound):
        guardrails.remove(installed.admin, "prj_other", first.entry.id)


@pytest.mark.parametrize(
    ("checks", "param", "words"),
    [
        ((), None, "1 to"),
        ((replace(CHECK, detector="tin"),), "checks.0", "no detector"),
        ((CHECK, replace(CHECK, detector="missing")), "checks.1", "needs a package"),
        ((replace(CHECK, options={}),), "checks.0.options", "needs words"),
        ((replace(CHECK, places=()),), None, "places"),
        ((replace(CHECK, timeout_ms=0),), None, "time limit"),
        ((replace(CHECK, ask_again=1),), None, "blocks output"),
        ((CHECK, replace(CHECK, places=(Place.OUTPUT,))), "checks.1", "look for the same"),
    ],
)
def test_a_policy_that_cannot_work_is_rejected(
    installed: World,
    guardrails: GuardrailService,
    checks: tuple[Check, ...],
    param: str | None,
    words: str,
) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        guardrails.add(installed.admin, installed.project_id, replace(POLICY, checks=checks))
    assert (caught.value.param or None) == param
    assert guardrails.list_all(installed.project_id) == []


def test_a_project_has_a_bounded_number_of_policies(
    installed: World, guardrails: GuardrailService
) -> None:
    for number in range(MAX_POLICIES):
        guardrails.add(
            installed.admin, installed.project_id, replace(POLICY, name=f"policy {number}")
        )
    with pytest.raises(InvalidRequest):
        guardrails.add(installed.admin, installed.project_id, POLICY)


_SHARED = HealthCheck.function_scoped_fixture
texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=20)
numbers = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
options = st.dictionaries(
    texts, st.booleans() | numbers | texts | st.lists(texts, max_size=4).map(tuple), max_size=4
)
checks = st.builds(
    Check,
    st.just("words"),
    st.lists(st.sampled_from(Place), min_size=1, unique=True).map(tuple),
    st.sampled_from(Action),
    st.sampled_from(OnFailure),
    st.integers(1, 60_000),
    options.map(lambda found: found | {"words": ("tin",)}),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[_SHARED])
@given(checks)
def test_what_is_stored_is_what_was_added_and_has_its_digest(
    installed: World, guardrails: GuardrailService, check: Check
) -> None:
    wanted = replace(POLICY, checks=(check,))
    added = guardrails.add(installed.admin, installed.project_id, wanted)
    found = guardrails.get(installed.project_id, added.entry.id).entry
    section = msgspec.json.decode(
        canonical_json(guardrails.documents()[f"{installed.project_id}/guardrails"]),
        type=GuardrailsSection,
    )
    guardrails.remove(installed.admin, installed.project_id, added.entry.id)
    assert found == added.entry
    assert section.policies == (found,)
    assert found.digest == wanted.digest
