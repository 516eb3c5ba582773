"""Guardrail policies in a declared configuration."""

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
from penstock.features.guardrails.bodies import GuardrailBody, GuardrailCheckBody
from penstock.features.guardrails.model import check_policy
from penstock.infra.registry import Registry
from penstock.spi.guard import Detector

_DEFAULTS: Final = {name: field.default for name, field in GuardrailCheckBody.model_fields.items()}


class GuardrailKind:
    """Guardrail policies, by name."""

    key: ClassVar[str] = "guardrails"
    noun: ClassVar[str] = "guardrail"
    body: ClassVar[type[BaseModel]] = GuardrailBody

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/guardrails"
        self._detectors: Registry[Detector] = Registry("penstock.guards")

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the policy of a request."""
        del resolve  # a policy has no secret
        check_policy(body.policy(), self._detectors)
        return Declared(body.name, _content(body.model_dump(mode="json")), body, place)

    def read(self) -> list[Existing]:
        """Returns the policies of the project."""
        views = self._api.items(self._path)
        return [Existing(view["name"], _content(view), view) for view in views]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the policy of the same name."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change; a replacement fails if somebody else was faster."""
        name, content = declared.name, declared.content
        body = {"name": name, **content}
        if existing is None:
            shown = differences({}, _without_defaults(content))
            step = Step("POST", self._path, body)
            return ObjectChange(self.noun, name, ObjectAction.CREATE, shown, (step,))
        found = differences(existing.content, content)
        if not found:
            return ObjectChange(self.noun, name, ObjectAction.NONE)
        body["version"] = existing.view["version"]
        step = Step("PUT", f"{self._path}/{existing.view['id']}", body)
        return ObjectChange(self.noun, name, ObjectAction.CHANGE, found, (step,))

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a policy."""
        step = Step("DELETE", f"{self._path}/{existing.view['id']}")
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file; defaults are left out."""
        return {"name": existing.name, **_without_defaults(existing.content)}


def _content(view: Content) -> dict[str, Any]:
    only = {name: sorted(values) for name, values in view["only"].items()}
    return {"checks": view["checks"], "only": only}


def _without_defaults(content: Content) -> dict[str, Any]:
    checks = [
        {name: value for name, value in check.items() if value not in (_DEFAULTS[name], {})}
        for check in content["checks"]
    ]
    return {"checks": checks, **({"only": content["only"]} if content["only"] else {})}
