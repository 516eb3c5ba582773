"""Webhooks in a declared configuration."""

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.declared.model import (
    Content,
    Declared,
    Difference,
    Existing,
    ObjectAction,
    ObjectChange,
    Resolve,
    Secret,
    Step,
    differences,
)
from penstock.features.webhooks.addresses import check_url
from penstock.features.webhooks.bodies import WebhookBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.webhook_signature import read_secret


class WebhookKind:
    """Webhooks, by address."""

    key: ClassVar[str] = "webhooks"
    noun: ClassVar[str] = "webhook"
    body: ClassVar[type[BaseModel]] = WebhookBody

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/webhooks"

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the webhook of a file. Its `secret` is a reference; without one, what is stored
        stays, and a new webhook gets a random one."""
        url = check_url(body.url, private_allowed=body.private_allowed)
        content = _content(body.model_dump(mode="json"))
        secrets = _secrets(body.secret.get_secret_value() if body.secret else "", resolve)
        return Declared(url, content, body, place, secrets)

    def read(self) -> list[Existing]:
        """Returns the webhooks of the project."""
        views = self._api.items(self._path)
        return [Existing(view["url"], _content(view), view) for view in views]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the webhook of the same address."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change. Asks the server whether the secret is the stored one."""
        name, content = declared.name, declared.content
        if existing is None:
            body = {"url": name, **content}
            body |= {each.name: each.value for each in declared.secrets}
            shown = (*differences({}, _written(content)), *_new_secrets(declared, None))
            note = "" if declared.secrets else "its secret: penstock webhook rotate"
            step = Step("POST", self._path, body)
            return ObjectChange(self.noun, name, ObjectAction.CREATE, shown, (step,), note)
        path = f"{self._path}/{existing.view['id']}"
        found = differences(existing.content, content)
        steps = [Step("PATCH", path, content)] if found else []
        for secret in declared.secrets:
            given = {"secret": secret.value}
            if not self._api.call("POST", f"{path}/compare", given)["same"]:
                steps.append(Step("POST", f"{path}/rotate", given))
                found = (*found, *_new_secrets(declared, "another one"))
        if not steps:
            return ObjectChange(self.noun, name, ObjectAction.NONE)
        return ObjectChange(self.noun, name, ObjectAction.CHANGE, found, tuple(steps))

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a webhook with its log."""
        step = Step("DELETE", f"{self._path}/{existing.view['id']}")
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file; the secret is not known."""
        return {"url": existing.name, **_written(existing.content)}


def _content(view: Content) -> dict[str, Any]:
    return {"events": sorted(set(view["events"])), "private_allowed": view["private_allowed"]}


def _written(content: Content) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value}


def _secrets(reference: str, resolve: Resolve) -> tuple[Secret, ...]:
    if not reference:
        return ()
    try:
        value = resolve(reference)
        read_secret(value)
    except (InvalidRequest, ValueError) as error:
        hint = error.hint if isinstance(error, InvalidRequest) else ""
        raise InvalidRequest(str(error), hint=hint, param="secret") from None
    return (Secret("secret", reference, value),)


def _new_secrets(declared: Declared, before: str | None) -> tuple[Difference, ...]:
    return tuple(Difference(each.name, before, each.reference) for each in declared.secrets)
