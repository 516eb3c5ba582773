"""Values: what files declare, what exists, and the changes that lead from one to the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import zip_longest
from typing import Any, ClassVar, Protocol, TypeGuard, cast

from pydantic import BaseModel

from penstock.entrypoints.cli.declared.located import FilePosition

Content = Mapping[str, Any]
"""The fields of an object as plain values, in the form in which both sides are compared."""

Resolve = Callable[[str], str]
"""Returns the secret that a reference names. Raises `PenstockError` if it cannot."""


class ObjectAction(StrEnum):
    """The kinds of changes of an object."""

    CREATE = "create"
    CHANGE = "change"
    REPLACE = "replace"  # removed and created: a field cannot change
    DELETE = "delete"
    NONE = "unchanged"
    KEEP = "keep"  # it differs, and stays as it is


@dataclass(frozen=True, slots=True)
class Secret:
    """A credential. `reference` is what the file says, such as `env:OPENAI_API_KEY`."""

    name: str
    reference: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Declared:
    """An object of a file. `body` is the request that creates it."""

    name: str
    content: Content
    body: BaseModel
    place: FilePosition
    secrets: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True)
class Existing:
    """An object of the server. `view` is its document; `automatic`: found by the server itself."""

    name: str
    content: Content
    view: Content
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that changes. `None` stands for nothing."""

    path: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Step:
    """A request of the REST API. `optional`: a test of a provider, whose failure is a warning."""

    method: str
    path: str
    body: object = field(default=None, repr=False)
    optional: bool = False


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """The change of one object, by its requests."""

    noun: str
    name: str
    action: ObjectAction
    differences: tuple[Difference, ...] = ()
    steps: tuple[Step, ...] = ()
    note: str = ""

    @property
    def pending(self) -> bool:
        """Returns whether there is something to do."""
        return bool(self.steps)


@dataclass(frozen=True, slots=True)
class ConfigurationPlan:
    """All changes in the order in which they are applied. `unmanaged` are objects that no file
    names."""

    changes: tuple[ObjectChange, ...]
    unmanaged: tuple[tuple[str, str], ...] = ()  # noun and name

    @property
    def pending(self) -> tuple[ObjectChange, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.pending)

    @property
    def kept(self) -> tuple[ObjectChange, ...]:
        """The objects that differ and stay as they are, with the reason in `note`."""
        return tuple(each for each in self.changes if each.action is ObjectAction.KEEP)


class ObjectKind(Protocol):
    """A kind of objects, such as routes."""

    key: ClassVar[str]  # in files, and the last part of its path in the REST API
    noun: ClassVar[str]
    body: ClassVar[type[BaseModel]]  # the request that creates one

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the object of a request. Raises `PenstockError` if it cannot be valid."""
        ...

    def read(self) -> list[Existing]:
        """Returns the objects of the project."""
        ...

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the object that is declared, if it exists."""
        ...

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change that makes it exist as declared. Raises `PenstockError` if none
        can."""
        ...

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes it."""
        ...

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file that declare it."""
        ...


def differences(before: Content, after: Content) -> tuple[Difference, ...]:
    """Returns the fields of `after` that `before` has otherwise."""
    return tuple(
        found
        for name, value in after.items()
        if before.get(name) != value
        for found in _inside(name, before.get(name), value)
    )


def _inside(path: str, before: object, after: object) -> Iterator[Difference]:
    if _is_object(before) and _is_object(after):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from _inside(f"{path}.{name}", before.get(name), after.get(name))
    elif _is_objects(before) and _is_objects(after):
        for at, (old, new) in enumerate(zip_longest(before, after)):
            yield from _inside(f"{path}[{at}]", old, new)
    elif before != after:
        yield Difference(path, before, after)


def _is_object(value: object) -> TypeGuard[dict[str, object]]:
    return isinstance(value, dict)


def _is_objects(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list) and all(map(_is_object, cast("list[object]", value)))
