"""docs/clients-and-providers.md names a judge for everything, or says that there is none."""

from pathlib import Path

import pytest

from checks.judges import client_version, judges_page, read_judges
from penstock.entrypoints.gateway.extensions import built_in_surfaces
from penstock.plugins.providers.vendors import VENDORS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients-and-providers.md"
JUDGES = read_judges()
# The names by which tests import a package, if they differ from its own.
IMPORTS = {"google-genai": "google.genai"}


def test_the_page_is_current() -> None:
    assert PAGE.read_text("utf-8") == judges_page()


def test_each_route_of_each_surface_is_listed_once() -> None:
    routes = {f"{r.method} {r.path}" for each in built_in_surfaces() for r in each.routes}
    listed = [route for each in JUDGES.surface for route in each.routes]
    assert sorted(listed) == sorted(routes)


def test_each_surface_has_a_client_or_says_why_it_has_none() -> None:
    for each in JUDGES.surface:
        assert each.clients or each.rest, each.routes


def test_a_provider_of_an_own_format_has_a_judge() -> None:
    named = {name: vendor for vendor in JUDGES.vendor for name in vendor.names}
    assert set(named) <= set(VENDORS)
    own = {name for name, vendor in VENDORS.items() if vendor.kind != "openai-compatible"}
    assert {name for name in own if not (named[name].answers or named[name].recorded)} == set()
    assert all((ROOT / vendor.recorded).is_file() for vendor in JUDGES.vendor if vendor.recorded)
    judged = {name for vendor in JUDGES.vendor for name in vendor.requests}
    assert judged == {each.name for each in JUDGES.requests}


TESTS = [
    (package, test)
    for each in (*JUDGES.surface, *JUDGES.vendor)
    for package, test in (each.clients if hasattr(each, "clients") else each.answers).items()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType] - one of two types
]


@pytest.mark.parametrize(("package", "test"), sorted(set(TESTS)))
def test_a_named_test_uses_the_client(package: str, test: str) -> None:
    text = (ROOT / test).read_text("utf-8")
    name = IMPORTS.get(package, package.removeprefix("node:"))
    assert name in text or name.replace(".", " import ") in text
    assert client_version(package)


def test_a_client_without_a_lock_is_found() -> None:
    with pytest.raises(KeyError):
        client_version("nobody")
