"""Routes in a declared configuration."""

from collections.abc import Sequence
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
from penstock.features.routes.bodies import NewRouteBody, RouteTargetBody
from penstock.features.routes.model import ListedModels, check_route
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest
from penstock.spi.strategy import RouteStrategy

_DEFAULTS: Final = {
    name: field.default
    for of in (NewRouteBody, RouteTargetBody)
    for name, field in of.model_fields.items()
}


class RouteKind:
    """Routes, by name."""

    key: ClassVar[str] = "routes"
    noun: ClassVar[str] = "route"
    body: ClassVar[type[BaseModel]] = NewRouteBody

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/routes"
        self._strategies: Registry[RouteStrategy] = Registry("penstock.strategies")

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the route of a request."""
        del resolve  # a route has no secret
        content = body.model_dump(mode="json", exclude={"name"})
        return Declared(body.name, content, body, place)

    def read(self) -> list[Existing]:
        """Returns the routes of the project."""
        views = self._api.items(self._path)
        return [Existing(view["name"], _content(view), view) for view in views]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the route of the same name."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change; a replacement fails if somebody else was faster."""
        name, content = declared.name, declared.content
        if existing is None:
            body = {"name": name, **content}
            return ObjectChange(
                self.noun,
                name,
                ObjectAction.CREATE,
                differences({}, _without_defaults(content)),
                (Step("POST", self._path, body),),
            )
        found = differences(existing.content, content)
        if not found:
            return ObjectChange(self.noun, name, ObjectAction.NONE)
        body = {**content, "version": existing.view["version"]}
        step = Step("PUT", f"{self._path}/{name}", body)
        return ObjectChange(self.noun, name, ObjectAction.CHANGE, found, (step,))

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a route."""
        step = Step("DELETE", f"{self._path}/{existing.name}")
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file; defaults are left out."""
        return {"name": existing.name, **_without_defaults(existing.content)}

    def check(self, declared: Declared, listed: ListedModels) -> None:
        """Raises `PenstockError` if the route cannot work with these providers and models."""
        body = declared.body
        if not isinstance(body, NewRouteBody):
            raise InvalidRequest("This is no route.")
        check_route(body.entry(body.name), listed, self._strategies.names())


def _content(view: dict[str, Any]) -> Content:
    return {name: view[name] for name in NewRouteBody.model_fields if name != "name"}


def _without_defaults(content: Content) -> dict[str, Any]:
    def plain(fields: Content) -> dict[str, Any]:
        return {
            name: value
            for name, value in fields.items()
            if value != _DEFAULTS.get(name) and value != []
        }

    targets = [plain(target) for target in content["targets"]]
    return {**plain(content), "targets": targets}
