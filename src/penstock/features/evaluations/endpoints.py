"""The addresses and secrets of endpoints. A secret is sealed with a key of the gateway token, which
the server and its workers have, and is bound to its project and address; nothing shows it."""

import base64
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from msgspec.structs import replace

from penstock.features.access import Principal
from penstock.infra.crypto import SealBroken, Sealer, derive_key
from penstock.infra.egress.addresses import AddressClass, classify
from penstock.infra.egress.urls import parse_url
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.evaluation.endpoints import Endpoint, check_fields

_PURPOSE: Final = "secrets of evaluated endpoints"


@dataclass(frozen=True, slots=True)
class NewEndpoint:
    """An endpoint with the secret of its header."""

    endpoint: Endpoint
    secret: str = field(default="", repr=False)


class EndpointSecrets:
    """Seals secrets, and opens them where calls are made. `token`: the gateway token."""

    def __init__(self, token: bytes) -> None:
        self._sealer = Sealer(derive_key(token, _PURPOSE))

    def seal(self, project_id: str, new: NewEndpoint) -> Endpoint:
        """Returns the endpoint with its secret, sealed."""
        if not new.secret:
            return new.endpoint
        sealed = self._sealer.seal(new.secret.encode(), _bound(project_id, new.endpoint))
        return replace(new.endpoint, sealed=base64.b64encode(sealed).decode())

    def open(self, project_id: str, endpoint: Endpoint) -> str:
        """Returns the secret; empty without one. Raises `InvalidRequest` if it cannot be read."""
        if not endpoint.sealed:
            return ""
        try:
            sealed = base64.b64decode(endpoint.sealed)
            return self._sealer.open(sealed, _bound(project_id, endpoint)).decode()
        except SealBroken:
            raise InvalidRequest(
                "The secret of the endpoint cannot be read with this installation's gateway token.",
                hint="Start another run, with the secret.",
            ) from None


def check_endpoint(actor: Principal, new: NewEndpoint) -> None:
    """Raises `InvalidRequest` for an address that is not allowed, `Forbidden` for a private one by
    a member. The addresses of a host name are checked at each connection."""
    endpoint = new.endpoint
    check_fields(endpoint)
    if endpoint.private_allowed and not actor.instance_admin:
        raise Forbidden(
            "Only an instance admin may measure an endpoint with a private address.",
            param="target.endpoint.private_allowed",
        )
    read = parse_url(endpoint.url)
    found = _class_of(read.host)
    if found is AddressClass.NEVER:
        raise _invalid(f"The host {read.host} is not allowed.")
    if found is AddressClass.PRIVATE and not endpoint.private_allowed:
        raise _invalid(
            f"{read.host} is a private address.", "An instance admin can set `private_allowed`."
        )
    if new.secret and read.scheme == "http" and not endpoint.private_allowed:
        raise _invalid("Plain http would send the secret unencrypted.", "Use https.")
    if bool(new.secret) != bool(endpoint.header):
        raise _invalid("A header has a secret, and a secret the name of its header.")


def _class_of(host: str) -> AddressClass:
    if host == "localhost" or host.endswith(".localhost"):
        return AddressClass.PRIVATE
    try:
        return classify(ip_address(host))
    except ValueError:
        return AddressClass.PUBLIC


def _bound(project_id: str, endpoint: Endpoint) -> bytes:
    return f"{project_id} {endpoint.url} {endpoint.header}".encode()


def _invalid(message: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(
        message, hint=hint, code="evaluation_invalid", param="target.endpoint.url"
    )
