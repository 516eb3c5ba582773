"""The registry of plugins: what it says if a plugin or its package is missing."""

from importlib.metadata import EntryPoint
from importlib.metadata import entry_points as real_entry_points

import pytest

from penstock.infra import registry
from penstock.infra.registry import Registry
from penstock.kernel.errors import NotFound


def entry_points(group: str, name: str = "") -> list[EntryPoint]:
    incomplete = EntryPoint("cloud", "not_installed_here.client:create", group)
    return [incomplete] if name in ("", "cloud") else []


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", entry_points)
    with pytest.raises(NotFound) as caught:
        Registry[object]("penstock.providers").get("cloud")
    assert caught.value.code == "plugin_incomplete"
    assert caught.value.hint == "Install it: pip install not_installed_here."


def test_an_extra_with_the_name_of_the_plugin_is_named_instead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    group = "penstock.providers"
    (installed,) = real_entry_points(group=group, name="bedrock")
    broken = EntryPoint("bedrock", "not_installed_here:create", group)._for(installed.dist)
    monkeypatch.setattr(registry, "entry_points", lambda group, name="": [broken])
    with pytest.raises(NotFound) as caught:
        Registry[object](group).get("bedrock")
    assert caught.value.hint == "Install it: pip install 'penstock[bedrock]'."


def test_an_unknown_kind_lists_the_installed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", entry_points)
    with pytest.raises(NotFound) as caught:
        Registry[object]("penstock.providers").get("clod")
    assert caught.value.hint == "Installed: cloud."
