"""Ids that the gateway gave out: whose they are, and the target to which they lead."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from penstock.gateway.snapshot.project_index import ModelMatch, ProjectIndex
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.formats.json_places import FoundString
from penstock.rules.provider_ids import IdKind, IdSigner, ProviderId, verified_id

MAX_SHOWN_CHARS: Final = 64  # of an unknown id in an error
NAMES: Final = {IdKind.FILE: "file", IdKind.BATCH: "batch", IdKind.RESPONSE: "response"}


class Keeper(NamedTuple):
    """The provider and the name of its credential to which ids belong, with its own ids by those
    that the request has."""

    provider: str
    credential: str
    own_ids: Mapping[str, str]


def verified(snapshot: Snapshot, project_id: str, kind: IdKind, presented: str) -> ProviderId:
    """Returns what an id names. Raises `NotFound` for one that is not of this project."""
    found = verified_id(kind, presented, project_id, snapshot.id_secret)
    if found is None:
        name = NAMES[kind]
        raise NotFound(
            f"This project has no {name} {presented[:MAX_SHOWN_CHARS]!r}.",
            hint="Send an id as the gateway gave it to this project; ids of the provider itself"
            " and of other projects are not valid here.",
            code=f"{name}_not_found",
        )
    return found


def keeper_of(snapshot: Snapshot, project_id: str, named: Iterable[FoundString]) -> Keeper | None:
    """Returns to whom the ids in a request belong; `None` if there are none. Raises `NotFound`, and
    `InvalidRequest` for ids of several credentials."""
    own_ids: dict[str, str] = {}
    keepers: dict[tuple[str, str], str] = {}
    for each in named:
        found = verified(snapshot, project_id, IdKind(each.label), each.text)
        keepers.setdefault((found.provider, found.credential), NAMES[IdKind(each.label)])
        own_ids[each.text] = found.id
    if not keepers:
        return None
    if len(keepers) > 1:
        names = " and ".join(
            f"a {what} of {provider!r} (credential {credential or 'none'!r})"
            for (provider, credential), what in list(keepers.items())[:2]
        )
        raise InvalidRequest(
            f"This request names {names}, but one credential must have them all.",
            hint="Upload the files again, to one provider, and use the ids that this returns.",
            code="several_credentials",
        )
    ((provider, credential),) = keepers
    return Keeper(provider, credential, own_ids)


def with_credential(match: ModelMatch, credential: str) -> ModelMatch:
    """Returns a provider with only the credential that an id names. Raises `NotFound` if that was
    removed."""
    secrets = tuple(one for one in match.secrets if one.name == credential)
    if credential and not secrets:
        raise NotFound(
            f"The credential {credential!r} of the provider {match.entry.name!r}, to which"
            " this belongs, was removed.",
            hint="Add one with this name and a key of the same account.",
            code="credential_not_found",
        )
    return replace(match, secrets=secrets or match.secrets[:1])


def signer_of(snapshot: Snapshot, target: Target) -> IdSigner:
    """Returns what makes the ids of an answer of a target."""
    project, provider = target.project, target.entry.name
    credential = target.credential or _only_credential(project, provider)
    return IdSigner(project.project_id, snapshot.id_secret, provider, credential)


def _only_credential(project: ProjectIndex, provider: str) -> str:
    """The name of the credential of a provider that has no pool of them."""
    secrets = project.provider(provider).secrets
    return secrets[0].name if secrets else ""
