"""Which credentials of a provider change. The server compares secrets; it returns none."""

from typing import NamedTuple

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.model import Declared, Difference, Existing, Secret, Step
from penstock.kernel.errors import InvalidRequest
from penstock.rules.snapshot.providers import OWN_CREDENTIAL

_NEEDED = "Add `api_key`: env:VARIABLE or file:PATH."


class FurtherSteps(NamedTuple):
    """Requests before and after the change of the provider itself."""

    before: tuple[Step, ...]
    after: tuple[Step, ...]


class CredentialChanges:
    """Compares the credentials of the provider at `provider`, a path of the REST API."""

    def __init__(self, api: Api, provider: str) -> None:
        self._api = api
        self._path = f"{provider}/credentials"

    def additions(self, declared: Declared) -> tuple[Step, ...]:
        """Returns the requests that add all further credentials."""
        names: list[str] = declared.content.get("credentials", [])
        return tuple(self._add(declared, name) for name in names)

    def changes(
        self, declared: Declared, existing: Existing, *, moved: bool
    ) -> tuple[Secret | None, FurtherSteps, list[Difference]]:
        """Returns the provider's own secret if it must be sent, the requests for the further ones,
        and what differs. `moved`: the provider gets another address, for which no stored secret was
        given."""
        own, notes = self._own(declared, existing, moved=moved)
        stored: list[str] = existing.content["credentials"]
        wanted: list[str] = declared.content.get("credentials", stored)
        changed = [
            each
            for each in declared.secrets
            if each.name in stored and each.name in wanted and not self._same(each)
        ]
        notes += [_difference(each, "another one") for each in changed]
        removed = [name for name in stored if name not in wanted]
        again = stored if moved else [*removed, *(each.name for each in changed)]
        added = [name for name in wanted if name not in stored or name in again]
        return (
            own,
            FurtherSteps(
                tuple(Step("DELETE", f"{self._path}/{name}") for name in again),
                tuple(self._add(declared, name) for name in added),
            ),
            notes,
        )

    def _own(
        self, declared: Declared, existing: Existing, *, moved: bool
    ) -> tuple[Secret | None, list[Difference]]:
        has_one = bool(existing.view["api_key_hint"])
        secret = next((each for each in declared.secrets if each.name == OWN_CREDENTIAL), None)
        if secret is None:
            if moved and has_one:
                raise InvalidRequest(
                    "The stored API key was given for another address.",
                    hint=_NEEDED,
                    param="base_url",
                )
            return None, []
        if has_one == bool(secret.value) and (not has_one or self._same(secret)):
            return (secret if moved and has_one else None), []
        return secret, [_difference(secret, "another one" if has_one else None)]

    def _same(self, secret: Secret) -> bool:
        path = f"{self._path}/{secret.name}/compare"
        return bool(self._api.call("POST", path, {"api_key": secret.value})["same"])

    def _add(self, declared: Declared, name: str) -> Step:
        for each in declared.secrets:
            if each.name == name and each.value:
                return Step("POST", self._path, {"name": name, "api_key": each.value})
        raise InvalidRequest(
            f"The credential {name!r} has to be sent.", hint=_NEEDED, param="credentials"
        )


def _difference(secret: Secret, before: str | None) -> Difference:
    return Difference(f"api_key of {secret.name}", before, secret.reference or None)
