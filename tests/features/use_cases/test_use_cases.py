"""Use cases: which are valid, whose names are free, kept with their versions."""

from typing import Any

import pytest
from msgspec.structs import replace

from penstock.features.access import Role
from penstock.features.use_cases.model import QualityCriterion, UseCase, UseCaseEnvironment
from penstock.features.use_cases.store import METADATA
from penstock.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.features.catalog.test_tables import differences
from tests.features.releases.released import Released


def test_the_table_is_the_declared_one(released: Released) -> None:
    assert differences(released.world, METADATA) == []


def test_a_use_case_has_versions_and_audit_events(released: Released) -> None:
    use_cases, project = released.use_cases, released.project
    before = use_cases.get(project, "support").entry
    assert (before.version, before.owner) == (1, "Eve")
    wanted = replace(before, purpose="Answers customers.")
    after = use_cases.replace(released.editor, project, wanted, of_version=1).entry
    assert (after.version, after.purpose) == (2, "Answers customers.")
    with pytest.raises(Conflict) as caught:
        use_cases.replace(released.editor, project, before, of_version=1)
    assert caught.value.code == "use_case_changed"
    with pytest.raises(Forbidden):
        use_cases.remove(released.editor, project, "support")
    use_cases.remove(released.world.admin, project, "support")
    with pytest.raises(NotFound):
        use_cases.get(project, "support")
    events = released.world.identity.audit_reader.list_page(project, None, 100)
    found = [event for event in reversed(events) if event.action.startswith("use_case.")]
    assert [event.action for event in found] == [
        "use_case.add",
        "use_case.replace",
        "use_case.remove",
    ]
    assert ("purpose" in found[1].before, found[1].after["version"]) == (False, 2)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("support-route", "use_case_hides_route"),
        ("gpt-4o", "use_case_hides_model"),
        ("support", "conflict"),
    ],
)
def test_a_name_that_is_taken_is_refused(released: Released, name: str, code: str) -> None:
    with pytest.raises(Conflict) as caught:
        released.use_cases.add(released.editor, released.project, UseCase(name))
    assert caught.value.code == code


def test_a_route_that_a_use_case_would_hide_is_refused(released: Released) -> None:
    route = RouteEntry("support", 0, (RouteTarget("openai", "gpt-4o"),))
    with pytest.raises(Conflict) as caught:
        released.routes.add(released.world.admin, released.project, route)
    assert caught.value.code == "route_hidden"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"name": "a/b"}, "name"),
        ({"name": "Support"}, "name"),
        ({"name": "x" * 64}, "name"),
        ({"owner": "x" * 128}, "owner"),
        ({"purpose": "x" * 4001}, "purpose"),
        ({"data_classes": ("a", "a")}, "data_classes"),
        ({"data_classes": tuple(map(str, range(33)))}, "data_classes"),
        ({"data_classes": ("x" * 128,)}, "data_classes"),
        ({"criteria": (QualityCriterion("x", at_most=1),) * 51}, "criteria"),
        ({"criteria": (QualityCriterion("helpful"),)}, "criteria.0"),
        ({"criteria": (QualityCriterion("x", at_least=2, at_most=1),)}, "criteria.0"),
        ({"environments": ()}, "environments"),
        ({"environments": (UseCaseEnvironment("dev"),) * 2}, "environments"),
        ({"environments": tuple(map(UseCaseEnvironment, map(str, range(17))))}, "environments"),
        ({"environments": (UseCaseEnvironment("dev", protected=True),)}, "environments.0.role"),
        ({"environments": (UseCaseEnvironment("dev", role=Role.VIEWER),)}, "environments.0.role"),
    ],
)
def test_a_document_that_is_not_valid_is_refused(
    released: Released, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        released.use_cases.add(
            released.editor, released.project, replace(UseCase("other"), **fields)
        )
    assert (caught.value.code, caught.value.param) == ("use_case_invalid", param)


def test_nobody_opens_an_environment_that_it_may_not_change(released: Released) -> None:
    before = released.use_cases.get(released.project, "support").entry
    opened = replace(before, environments=(UseCaseEnvironment("production"),))
    with pytest.raises(Forbidden) as caught:
        released.use_cases.replace(released.editor, released.project, opened, of_version=None)
    assert caught.value.code == "environment_protected"
    admin = released.world.admin
    changed = released.use_cases.replace(admin, released.project, opened, of_version=None)
    assert changed.entry.environments == opened.environments


def test_an_environment_with_a_release_stays(released: Released) -> None:
    released.start(released.release().digest)
    before = released.use_cases.get(released.project, "support").entry
    without = tuple(each for each in before.environments if each.name != "dev")
    with pytest.raises(Conflict) as caught:
        released.use_cases.replace(
            released.editor, released.project, replace(before, environments=without), of_version=1
        )
    assert caught.value.code == "environment_in_use"
