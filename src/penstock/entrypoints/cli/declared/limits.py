"""Limits and budgets in a declared configuration."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import BaseModel

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.declared.model import (
    Content,
    Declared,
    Existing,
    ObjectAction,
    ObjectChange,
    Resolve,
    Step,
    differences,
)
from penstock.features.limits.bodies import LimitChangeBody, NewLimitBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.limits.documents import problem_of

_FIELDS: Final = tuple(name for name in NewLimitBody.model_fields if name != "name")
_CHANGEABLE: Final = frozenset(LimitChangeBody.model_fields)
_DEFAULTS: Final = {name: field.default for name, field in NewLimitBody.model_fields.items()}


class LimitKind:
    """Limits, by name."""

    key: ClassVar[str] = "limits"
    noun: ClassVar[str] = "limit"
    body: ClassVar[type[BaseModel]] = NewLimitBody

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/limits"

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the limit of a request."""
        del resolve  # a limit has no secret
        if problem := problem_of(body.entry()):
            raise InvalidRequest(problem)
        return Declared(body.name, _content(body.model_dump(mode="json")), body, place)

    def read(self) -> list[Existing]:
        """Returns the limits of the project."""
        views = self._api.items(self._path)
        return [Existing(view["name"], _content(view), view) for view in views]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the limit of the same name."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change. What a limit counts cannot change, so it is replaced."""
        name, content = declared.name, declared.content
        create = Step("POST", self._path, {"name": name, **content})
        if existing is None:
            shown = differences({}, _without_defaults(content))
            return ObjectChange(self.noun, name, ObjectAction.CREATE, shown, (create,))
        found = differences(existing.content, content)
        changed = {each for each in content if existing.content[each] != content[each]}
        if not changed:
            return ObjectChange(self.noun, name, ObjectAction.NONE)
        path = f"{self._path}/{existing.view['id']}"
        if changed <= _CHANGEABLE:
            step = Step("PATCH", path, {each: content[each] for each in changed})
            return ObjectChange(self.noun, name, ObjectAction.CHANGE, found, (step,))
        steps = (Step("DELETE", path), create)
        note = "what has been used is forgotten"
        return ObjectChange(self.noun, name, ObjectAction.REPLACE, found, steps, note)

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a limit."""
        step = Step("DELETE", f"{self._path}/{existing.view['id']}")
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file; defaults are left out."""
        return {"name": existing.name, **_without_defaults(existing.content)}


def _content(view: Content) -> Content:
    amount = Decimal(view["amount"]).normalize()
    only = {name: sorted(values) for name, values in view["only"].items()}
    return {name: view[name] for name in _FIELDS} | {"amount": f"{amount:f}", "only": only}


def _without_defaults(content: Content) -> dict[str, Any]:
    return {
        name: value
        for name, value in content.items()
        if value != _DEFAULTS.get(name) and value not in ({}, [])
    }
