"""Writes docs/translation.md: what each dialect's writer rejects, leaves out and changes.

Rules are read from the modules of `penstock.rules.wire`, hints by writing one request for each;
the other changes are the literals of `Changes.drop` and `Changes.change` in the code. A property
test compares all three with what the writers do.
"""

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final, NamedTuple

from penstock.kernel.errors import InvalidRequest
from penstock.rules import wire
from penstock.rules.neutral.conversation import Conversation, Hint, Message, MessageRole, Text
from penstock.rules.neutral.translation import ChangeKind, Rule, Written

_INTRO: Final = """\
# Translation

If client and provider speak the same format, bytes pass and nothing on this page applies. Otherwise
a request is read into a neutral form and written in the provider's format
([33](decisions/0033-the-neutral-form.md)). Nothing disappears in silence:

* What carries meaning and cannot be said in the provider's format is **rejected** with 400
  `not_translatable` before the provider is asked. The error names the field and the reason.
* Hints that the format does not have are **left out**, and values that it does not have are
  **changed** to similar ones. The answer's header `x-penstock-translation` and the attributes
  `penstock.translation.dropped` and `penstock.translation.changed` of the attempt's span name them.
  A key with *strict hints* (`penstock key create --strict-hints`) rejects them with 400
  `hint_not_supported`.

Media that a request names by URL and the format takes as bytes only are rejected, unless the
provider has the quirk `media_urls = fetch` ([media by URL](gateway.md#media-by-url)): then the
gateway fetches them, and `penstock.translation.fetched` says what.

A part, tool or parameter that only one format has (`other`) goes back only to a provider of that
format. `tests/rules/test_translation_page.py` fails if a writer does something that is not listed
here."""
_HINT_VALUES: Final = (b'"auto"', b"1", b"true", b'{"a": "b"}', b"0.5")
_ASK: Final = (Message(MessageRole.USER, (Text("Hello"),)),)


class DialectRules(NamedTuple):
    """What the writer of one dialect does not say as it is. `package` is below `rules.wire`."""

    name: str
    package: str
    rules: tuple[Rule, ...]
    dropped: frozenset[str]
    changed: frozenset[str]
    write: Callable[[Conversation], Written]


def translation_page() -> str:
    """The whole page."""
    parts = [_INTRO, "\n<!-- Generated from the code by `make docs`: change it there. -->"]
    for dialect in dialect_rules():
        parts.append(f"\n## To a provider that speaks `{dialect.name}`\n")
        parts += ["| rejected | because | source |", "|---|---|---|"]
        parts += [_row(rule) for rule in dialect.rules]
        parts.append(f"\nLeft out: {_listed(dialect.dropped)}.")
        parts.append(f"\nChanged: {_listed(dialect.changed)}.")
    return "\n".join([*parts, ""])


def dialect_rules() -> tuple[DialectRules, ...]:
    """The dialects that have a writer of requests, by name."""
    found = (
        _of_package(importlib.import_module(f"{wire.__name__}.{info.name}"))
        for info in pkgutil.iter_modules(wire.__path__)
        if info.ispkg
    )
    return tuple(sorted((one for one in found if one), key=lambda one: one.name))


def _of_package(package: ModuleType) -> DialectRules | None:
    modules = {
        info.name: importlib.import_module(f"{package.__name__}.{info.name}")
        for info in pkgutil.iter_modules(package.__path__)
    }
    if (writer := modules.get("request_writer")) is None:
        return None
    write = _writer(writer)
    rules = {
        value for module in modules.values() for value in vars(module).values() if _is_rule(value)
    }
    rules |= set(getattr(writer, "RULES", ()))
    literals = {found for module in modules.values() for found in _literals(module)}
    dropped = {field for kind, field in literals if kind == "drop"}
    changed = {field for kind, field in literals if kind == "change"}
    name = package.__name__.rpartition(".")[2]
    return DialectRules(
        getattr(writer, "DIALECT", name),
        name,
        tuple(sorted(rules)),
        frozenset(dropped | _hints(write, ChangeKind.DROPPED)),
        frozenset(changed | _hints(write, ChangeKind.CHANGED)),
        write,
    )


def _is_rule(value: object) -> bool:
    return isinstance(value, Rule)


def _writer(module: ModuleType) -> Callable[[Conversation], Written]:
    """The writer of a dialect with the arguments that all of them have."""
    write = module.write_request
    further = {"stream": False} if "stream" in inspect.signature(write).parameters else {}
    return lambda conversation: write(conversation, "m", **further)


def _literals(module: ModuleType) -> Iterator[tuple[str, str]]:
    """The changes in a module, and in the functions that it imports from other dialects."""
    yield from _changes_in(Path(module.__file__ or "").read_text("utf-8"))
    for value in vars(module).values():
        if inspect.isfunction(value) and value.__module__.startswith(f"{wire.__name__}."):
            yield from _changes_in(textwrap.dedent(inspect.getsource(value)))


def _changes_in(source: str) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Attribute(attr=("drop" | "change") as kind),
                args=[ast.Constant(value=str(field))],
            ):
                yield kind, field


def _hints(write: Callable[[Conversation], Written], kind: ChangeKind) -> set[str]:
    """The hints that come out as a change of this kind, for some value."""
    found: set[str] = set()
    for hint in Hint:
        for value in _HINT_VALUES:
            try:
                written = write(Conversation(_ASK, hints={hint: value}))
            except InvalidRequest:
                continue
            found |= {change.field for change in written.changes if change.kind is kind}
    return found


def _row(rule: Rule) -> str:
    source = f"[documentation]({rule.source})" if rule.source else ""
    return f"| `{rule.field}` | {rule.reason} | {source} |"


def _listed(fields: frozenset[str]) -> str:
    return ", ".join(f"`{field}`" for field in sorted(fields)) or "nothing"
