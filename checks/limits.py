"""Writes docs/limits.md: every bound with its value from the code, and its description from
`bounds.toml` or from its comment. A bound without description is a finding of `checks.bounds`.
"""

import importlib
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from checks.bounds import Place, bounds, checked_sources, registry
from checks.source import sources
from penstock.infra.settings import every_setting

ROOT: Final = Path(__file__).parents[1]
_INTRO: Final = """\
# Limits

Everything that grows has a bound: each body, buffer, queue, pool, cache, header, label, wait and
retry. This page lists its value, what happens at the bound, and the test that reaches it. Values
are read from the code; if a [setting](settings.md) sets a bound, the page names it. `make check`
fails if a bound or a growing container is missing here.

Bounds are per process unless stated otherwise. The [threat model](threat-model.md) explains which
attacks they limit.
"""
_AREAS: Final = (
    ("Evaluations", ("rules.evaluation", "plugins.evaluators", "spi.measuring", "spi.judging")),
    ("Callers of the gateway", ("infra.http_server", "gateway", "entrypoints.gateway")),
    (
        "Providers",
        ("infra.egress", "rules.wire", "rules.neutral", "rules.attempts", "rules.prices", "spi"),
    ),
    ("Records on their way to the store", ("infra.spool",)),
    ("The store", ("features.traces", "infra.columns")),
    ("Users, keys, projects", ("features.identity", "features.catalog", "infra.crypto")),
    ("Applications with the SDK", ("sdk",)),
    (
        "The server",
        ("infra.web", "infra.sql", "features", "entrypoints", "infra", "rules", "kernel"),
    ),
)
_KIB: Final = 1024


def limits_page() -> str:
    """The whole page."""
    described = dict(_described())
    parts = [_INTRO, "<!-- Generated from the code by `make docs`: change it there. -->"]
    for title, prefixes in _AREAS:
        names = [name for name in described if name.startswith(prefixes)]
        rows = [_row(name, described.pop(name)) for name in sorted(names, key=_order(prefixes))]
        parts += [f"\n## {title}\n", "| what | bound | at the bound | test |", "|---|---|---|---|"]
        parts += rows
    parts += ["\n## Containers in memory\n", "| container | bounded by |", "|---|---|"]
    parts += [f"| `{name}` | {by} |" for name, by in sorted(registry()["containers"].items())]
    return "\n".join([*parts, ""])


@cache
def _described() -> Mapping[str, Mapping[str, str]]:
    """The description of each bound: from bounds.toml, or else from its comment."""
    listed = registry()
    found = [place for source in checked_sources(sources(ROOT)) for place in bounds(source)]
    return {
        place.name: listed["limits"].get(place.name) or _from_comment(place)
        for place in found
        if place.name not in listed["no_bounds"]
    }


def _from_comment(place: Place) -> dict[str, str]:
    """Turns `MAX_LABEL_CHARS  # of a model's name; longer ones are cut` into `what` (label
    characters of a model's name) and `then` (longer ones are cut)."""
    what, _, then = place.comment.partition(";")
    subject = _words(place.name.rpartition(".")[2])
    if what.startswith(("of ", "in ", "from ", "that ", "how ", "for ")) or not what:
        what = f"{subject} {what.removeprefix('how many')}".strip(" ,")
    elif what[1:2].islower():
        what = what[0].lower() + what[1:]
    return {"what": what.rstrip("."), "then": then.strip().rstrip(".")}


def _words(name: str) -> str:
    """The constant's name as separate words."""
    parts = [w for w in name.strip("_").lower().split("_") if w not in ("max", "longest", "most")]
    return " ".join("characters" if part == "chars" else part for part in parts)


def _order(prefixes: tuple[str, ...]) -> Any:
    def place(name: str) -> tuple[int, str]:
        return next(at for at, prefix in enumerate(prefixes) if name.startswith(prefix)), name

    return place


def _row(name: str, entry: Mapping[str, str]) -> str:
    value = entry.get("shown") or _shown(name)
    setting = _setting(name)
    bound = f"{value}, `{setting}`" if setting else value
    test = _stated(entry["test"]) if "test" in entry else _naming(name.rpartition(".")[2])
    return f"| {entry['what']} | {bound} | {entry['then']} | {test} |"


def _stated(test: str) -> str:
    """Links to the test `path::function`. Raises `AssertionError` if it does not exist."""
    path, _, function = test.partition("::")
    text = (ROOT / path).read_text("utf-8")
    assert f"def {function}(" in text, f"checks/bounds.toml: there is no {test}"
    return f"[{function}](../{path})"


def _naming(name: str) -> str:
    """Links to the first test that names the constant or sets the field. Empty if the name is not
    unique."""
    if sum(each.rpartition(".")[2] == name for each in _described()) > 1:
        return ""
    wanted = re.compile(rf"\b{name}\b" if name.isupper() else rf"\b{name}=[^=]")
    for path, text in _tests():
        if wanted.search(text):
            return f"[{path.name}](../{path.relative_to(ROOT)})"
    return ""


@cache
def _tests() -> list[tuple[Path, str]]:
    paths = sorted((ROOT / "tests").rglob("test_*.py"))
    paths = [path for path in paths if path.parent.name != "house"]
    return [(path, path.read_text("utf-8")) for path in paths]


def _setting(name: str) -> str:
    """The setting that sets this field of the gateway's or the spool's limits."""
    field = name.rpartition(".")[2]
    for prefix, section in (("gateway.call_limits", "gateway"), ("infra.spool.policy", "spool")):
        if name.startswith(prefix) and f"{section}.{field}" in _settings():
            return f"{section}.{field}"
    return ""


def _settings() -> set[str]:
    return {setting.key for setting in every_setting()}


def _value(name: str) -> object:
    """The value in the code: a constant, or the default of a field."""
    *path, attribute = name.split(".")
    if path[-1][0].isupper():
        kind = getattr(importlib.import_module("penstock." + ".".join(path[:-1])), path[-1])
        return _default(kind, attribute)
    return getattr(importlib.import_module("penstock." + ".".join(path)), attribute)


def _default(kind: Any, field: str) -> object:
    if hasattr(kind, "__struct_fields__"):
        found = {each.name: each.default for each in msgspec.structs.fields(kind)}
        return found[field]
    if hasattr(kind, "_field_defaults"):
        return kind._field_defaults[field]
    return getattr(kind, field)


def _shown(name: str) -> str:
    """The value with the unit that its name ends with."""
    value = _value(name)
    if isinstance(value, timedelta):
        return _seconds(value.total_seconds())
    assert isinstance(value, int | float), f"{name} is no number but {value!r}"
    rest, _, unit = name.lower().rpartition("_")
    if rest.endswith("_per") and unit in ("s", "minute", "hour"):
        return f"{value:g} a {'second' if unit == 's' else unit}"
    match unit:
        case "s":
            return _seconds(float(value))
        case "ms":
            return _seconds(value / 1000)
        case "ns":
            return _seconds(value / 1e9)
        case _:
            return _bytes(value) if _is_size(name) else f"{value:,}".removesuffix(".0")


def _is_size(name: str) -> bool:
    sizes = ("BYTES", "BUFFER", "HIGH_WATER", "PAYLOAD", "_MEMORY", "BATCH", "_CONTENT")
    return name.upper().endswith(sizes)


def _bytes(value: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if value < _KIB or value % _KIB:
            return f"{value:g} {unit}"
        value /= _KIB
    return f"{value:g} GiB"


def _seconds(value: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if value >= 2 * size and value % size == 0:
            return f"{value / size:g} {unit}"
    return f"{value:g} s"
