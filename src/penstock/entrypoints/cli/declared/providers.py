"""Providers with their credentials in a declared configuration."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, Field

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.credentials import CredentialChanges
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
from penstock.features.catalog.bodies import CredentialRequest, ProviderRequest
from penstock.features.catalog.bodies import Secret as SecretText
from penstock.features.catalog.model import Provider, origin
from penstock.features.catalog.new_provider import merged_quirks, provider_of
from penstock.features.catalog.vendors import Vendors
from penstock.infra.registry import Registry
from penstock.kernel.errors import InvalidRequest, PenstockError
from penstock.plugins.providers.vendors import VENDORS
from penstock.rules.snapshot.providers import OWN_CREDENTIAL
from penstock.spi.chat import ChatProvider
from penstock.spi.secret_manager import SecretManager

MAX_DECLARED: Final = 15  # further credentials of a provider
_LIMITS: Final = ("max_concurrency", "max_queue", "queue_timeout_ms")
_FIELDS: Final = ("kind", "base_url", "vendor", "quirks", "models", "private_allowed", *_LIMITS)
_USUAL: Final = {name: ProviderRequest.model_fields[name].default for name in _LIMITS}


class DeclaredCredential(CredentialRequest):
    """A further credential; without `api_key` the stored one stays."""

    api_key: SecretText | None = None  # pyright: ignore[reportIncompatibleVariableOverride, reportGeneralTypeIssues] - optional in a file


class DeclaredProvider(ProviderRequest):
    """A provider. Without `api_key` and `credentials` those that are stored stay."""

    credentials: Annotated[list[DeclaredCredential], Field(max_length=MAX_DECLARED)] | None = None


class ProviderKind:
    """Providers, by name."""

    key: ClassVar[str] = "providers"
    noun: ClassVar[str] = "provider"
    body: ClassVar[type[BaseModel]] = DeclaredProvider

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/providers"

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the provider of a request, with the defaults of its vendor."""
        content = _content(self._described(body))
        if body.credentials is not None:
            content["credentials"] = sorted(each.name for each in body.credentials)
        return Declared(body.name, content, body, place, tuple(_secrets(body, place, resolve)))

    def read(self) -> list[Existing]:
        """Returns the providers of the project with the names of their credentials."""
        found: list[Existing] = []
        for view in self._api.items(self._path):
            stored = list(self._api.items(f"{self._of(view)}/credentials"))
            hints = {each["name"]: each["api_key_hint"] for each in stored}
            content = {name: view[name] for name in _FIELDS}
            content["models"] = view["models"] if view["models_pinned"] else []
            content["credentials"] = sorted(name for name in hints if name != OWN_CREDENTIAL)
            found.append(
                Existing(view["name"], content, view | {"hints": hints}, automatic=view["found"])
            )
        return found

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the provider of the same name."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change. Asks the server which credentials are stored already."""
        credentials = CredentialChanges(self._api, f"{self._path}/{declared.name}")
        if existing is None:
            return self._create(declared, credentials)
        if existing.content["kind"] != declared.content["kind"]:
            raise InvalidRequest(
                "The kind of a provider cannot change.",
                hint="Choose another name, or remove the provider first.",
                param="kind",
            )
        moved = origin(existing.content["base_url"]) != origin(declared.content["base_url"])
        own, further, notes = credentials.changes(declared, existing, moved=moved)
        patches = self._patches(declared, existing, own, moved=moved)
        found = (*differences(existing.content, declared.content), *notes)
        steps = (*further.before, *patches, *further.after)
        if not steps:
            return ObjectChange(self.noun, declared.name, ObjectAction.NONE)
        if patches and not declared.content["models"]:
            steps = (*steps, self._test(declared.name))
        return ObjectChange(self.noun, declared.name, ObjectAction.CHANGE, found, steps)

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a provider."""
        step = Step("DELETE", self._of(existing.view))
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fewest fields of a file that give this provider; secrets are not known."""
        fields: dict[str, Any] = {"name": existing.name}
        fields |= {name: existing.content[name] for name in _FIELDS}
        vendor = self._vendors.find(existing.name, existing.content["vendor"])
        removed = {name: "" for name in vendor.quirks if name not in fields["quirks"]}
        fields["quirks"] = {**fields["quirks"], **removed}
        for name in (*_LIMITS, "private_allowed", "models", "vendor", "quirks", "kind", "base_url"):
            fewer = {other: value for other, value in fields.items() if other != name}
            with suppress(PenstockError):  # the field is needed
                if _content(self._described(ProviderRequest.model_validate(fewer))) == {
                    each: existing.content[each] for each in _FIELDS
                }:
                    fields = fewer
        hints: dict[str, str] = existing.view["hints"]
        fields |= self._reference(hints.get(OWN_CREDENTIAL, ""))
        credentials = [
            {"name": name, **self._reference(hints[name])}
            for name in existing.content["credentials"]
        ]
        return fields | ({"credentials": credentials} if credentials else {})

    def _reference(self, hint: str) -> dict[str, str]:
        """The reference to a secrets manager, which is no secret."""
        return {"api_key": hint} if hint.partition(":")[0] in self._managers else {}

    @cached_property
    def _kinds(self) -> tuple[str, ...]:
        kinds: Registry[ChatProvider] = Registry("penstock.providers")
        return kinds.names()

    @cached_property
    def _managers(self) -> tuple[str, ...]:
        managers: Registry[SecretManager] = Registry("penstock.secrets")
        return managers.names()

    @cached_property
    def _vendors(self) -> Vendors:
        from penstock.features.catalog.public_prices import PublicPrices  # lazy: 90 ms

        return Vendors(VENDORS, PublicPrices())

    def _described(self, body: ProviderRequest) -> Provider:
        return provider_of("", body.value(), self._vendors, self._kinds)

    def _create(self, declared: Declared, credentials: CredentialChanges) -> ObjectChange:
        body = declared.body.model_dump(
            mode="json", exclude={"credentials", "api_key"}, exclude_unset=True
        )
        secrets = {each.name: each for each in declared.secrets}
        if own := secrets.pop(OWN_CREDENTIAL, None):
            body["api_key"] = own.value
        further = credentials.additions(declared)
        steps = (Step("POST", self._path, body), *further)
        if not declared.content["models"]:
            steps = (*steps, self._test(declared.name))
        shown = {k: v for k, v in declared.content.items() if v and v != _USUAL.get(k)}
        found = (*differences({}, shown), *_new_secrets(declared))
        return ObjectChange(self.noun, declared.name, ObjectAction.CREATE, found, steps)

    def _patches(
        self, declared: Declared, existing: Existing, own: Secret | None, *, moved: bool
    ) -> tuple[Step, ...]:
        """The requests that change a provider: a second one if its vendor would add quirks."""
        content, before = declared.content, existing.content
        body = {name: content[name] for name in _FIELDS if before[name] != content[name]}
        if moved:
            body |= {name: content[name] for name in ("private_allowed", "vendor")}
        if own is not None:
            body["api_key"] = own.value
        if not body:
            return ()
        path = f"{self._path}/{declared.name}"
        steps = (Step("PATCH", path, body),)
        vendor = body.get("vendor")
        quirks = body.get("quirks", before["quirks"])
        if vendor and merged_quirks(self._vendors.find(declared.name, vendor), quirks) != quirks:
            steps = (*steps, Step("PATCH", path, {"quirks": content["quirks"]}))
        return steps

    def _test(self, name: str) -> Step:
        return Step("POST", f"{self._path}/{name}/test", optional=True)

    def _of(self, view: Content) -> str:
        return f"{self._path}/{view['name']}"


def listed_models(
    existing: Sequence[Existing], declared: Sequence[Declared], deleted: Sequence[str]
) -> Mapping[str, Sequence[str]]:
    """Returns the providers that there will be, with the models that they list; none for one whose
    models are not known yet."""
    listed: dict[str, Sequence[str]] = {
        each.name: each.view["models"] for each in existing if each.name not in deleted
    }
    for each in declared:
        listed[each.name] = each.content["models"] or listed.get(each.name, ())
    return listed


def _content(provider: Provider) -> dict[str, Any]:
    return {
        "kind": provider.kind,
        "base_url": provider.base_url,
        "vendor": provider.vendor,
        **{name: getattr(provider, name) for name in _LIMITS},
        "quirks": dict(provider.quirks),
        "models": list(provider.models) if provider.models_pinned else [],
        "private_allowed": provider.private_allowed,
    }


def _secrets(body: DeclaredProvider, place: FilePosition, resolve: Resolve) -> list[Secret]:
    names = [each.name for each in body.credentials or ()]
    if OWN_CREDENTIAL in names or len(set(names)) < len(names):
        raise InvalidRequest(
            f"Each credential needs a name of its own; {OWN_CREDENTIAL!r} is the provider's own.",
            hint="Set that one by `api_key` of the provider.",
            param="credentials",
        )
    given: list[tuple[str, str, FilePosition]] = []
    if "api_key" in body.model_fields_set:
        reference = body.api_key.get_secret_value()
        given.append((OWN_CREDENTIAL, reference, place.at("api_key")))
    for at, each in enumerate(body.credentials or ()):
        if each.api_key is not None:
            where = place.at("credentials", at, "api_key")
            given.append((each.name, each.api_key.get_secret_value(), where))
    found: list[Secret] = []
    for name, reference, where in given:
        try:
            found.append(Secret(name, reference, resolve(reference)))
        except PenstockError as error:
            raise InvalidRequest(
                error.message, hint=error.hint, param=_param(place, where)
            ) from error
    return found


def _param(place: FilePosition, where: FilePosition) -> str:
    return ".".join(map(str, where.path[len(place.path) :]))


def _new_secrets(declared: Declared) -> list[Difference]:
    return [
        Difference(f"api_key of {each.name}", None, each.reference)
        for each in declared.secrets
        if each.value
    ]
