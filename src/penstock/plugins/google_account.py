"""Google's service accounts: a token is a JWT that the account's own key signs (AIP-4111), so no
server is asked for it."""

from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from google.auth import crypt, jwt

from penstock.kernel.errors import UpstreamFailed
from penstock.spi.tokens import IssuedToken

LIFETIME_S: Final = 3600  # the longest that Google accepts
_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"


class _Account(msgspec.Struct):
    """The members of a key file that are needed."""

    client_email: str
    private_key: str
    private_key_id: str | None = None


class _Project(msgspec.Struct):
    project_id: str = ""


_account: Final = msgspec.json.Decoder(_Account)
_project: Final = msgspec.json.Decoder(_Project)


def is_key_file(secret: str) -> bool:
    """Returns whether a secret is a key file, not an API key."""
    return secret.startswith("{")


def project_of(secret: str) -> str:
    """Returns the project of a key file; empty for another secret."""
    if not is_key_file(secret):
        return ""
    try:
        return _project.decode(secret).project_id
    except msgspec.DecodeError:
        return ""


def sign_token(secret: str, now_s: float) -> IssuedToken:
    """Signs a token. Takes about 40 ms, most of it to read the key. Raises `UpstreamFailed` if the
    secret is no key file of a service account."""
    try:
        account = _account.decode(secret)
        signer = crypt.RSASigner.from_string(account.private_key, account.private_key_id)
        claims = {
            "iss": account.client_email,
            "sub": account.client_email,
            "iat": int(now_s),
            "exp": int(now_s) + LIFETIME_S,
            "scope": _SCOPE,
        }
        token = jwt.encode(signer, claims).decode("ascii")
    except (msgspec.DecodeError, ValueError, TypeError, UnsupportedAlgorithm):
        raise UpstreamFailed(
            "The credential is not the key file of a service account.",
            hint="Store the JSON file that Google Cloud made for a key of the account.",
            code="upstream_credential",
        ) from None
    return IssuedToken(token, int(now_s) + LIFETIME_S, (account.private_key,))
