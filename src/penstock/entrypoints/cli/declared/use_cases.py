"""Use cases in a declared configuration."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, cast

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
from penstock.features.use_cases.bodies import (
    CriterionBody,
    EnvironmentBody,
    NewUseCaseBody,
    UseCaseBody,
)
from penstock.features.use_cases.model import check_use_case


def _defaults(body: type[BaseModel]) -> dict[str, Any]:
    return {name: field.get_default() for name, field in body.model_fields.items()}


_INSIDE: Final = {**_defaults(EnvironmentBody), **_defaults(CriterionBody)}


class UseCaseKind:
    """Use cases, by name."""

    key: ClassVar[str] = "use_cases"
    noun: ClassVar[str] = "use case"
    body: ClassVar[type[BaseModel]] = NewUseCaseBody

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/use-cases"
        self._usual = NewUseCaseBody.model_validate({"name": "usual"}).model_dump(mode="json")

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the use case of a request."""
        del resolve  # a use case has no secret
        check_use_case(body.entry(body.name))
        return Declared(body.name, body.model_dump(mode="json", exclude={"name"}), body, place)

    def read(self) -> list[Existing]:
        """Returns the use cases of the project."""
        views = self._api.items(self._path)
        return [Existing(view["name"], _content(view), view) for view in views]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the use case of the same name."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change; a replacement fails if somebody else was faster."""
        name, content = declared.name, declared.content
        if existing is None:
            shown = differences({}, self._without_defaults(content))
            step = Step("POST", self._path, {"name": name, **content})
            return ObjectChange(self.noun, name, ObjectAction.CREATE, shown, (step,))
        found = differences(existing.content, content)
        if not found:
            return ObjectChange(self.noun, name, ObjectAction.NONE)
        body = {**content, "version": existing.view["version"]}
        step = Step("PUT", f"{self._path}/{name}", body)
        return ObjectChange(self.noun, name, ObjectAction.CHANGE, found, (step,))

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a use case; the server refuses it while a release answers
        its calls."""
        step = Step("DELETE", f"{self._path}/{existing.name}")
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file; defaults are left out."""
        return {"name": existing.name, **self._without_defaults(existing.content)}

    def _without_defaults(self, content: Content) -> dict[str, Any]:
        changed = {name: value for name, value in content.items() if value != self._usual[name]}
        return {name: _plain(value) for name, value in changed.items()}


def _content(view: Content) -> dict[str, Any]:
    return {name: view[name] for name in UseCaseBody.model_fields}


def _plain(value: object) -> object:
    """Leaves out defaults inside environments and criteria."""
    if not isinstance(value, list):
        return value
    return [_plain_part(each) for each in cast("list[object]", value)]


def _plain_part(value: object) -> object:
    if not isinstance(value, Mapping):
        return value
    fields = cast("Mapping[str, object]", value)
    return {name: each for name, each in fields.items() if each != _INSIDE.get(name, ...)}
