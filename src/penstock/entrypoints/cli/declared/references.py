"""References to secrets: files of a configuration name them and never contain them."""

from pathlib import Path
from typing import Final

from penstock.infra.registry import Registry
from penstock.infra.settings import secret_variable
from penstock.kernel.errors import InvalidRequest
from penstock.spi.secret_manager import SecretManager

MAX_SECRET_BYTES: Final = 64 * 1024  # of a key file
_HOW: Final = "Write env:VARIABLE or file:PATH; a configuration has no secrets."


def resolve_reference(reference: str, folder: Path, managers: Registry[SecretManager]) -> str:
    """Returns the secret that a reference names: `env:VARIABLE`, or `file:PATH`, relative to the
    folder of the file that has it. An empty one is no secret; one to a secrets manager, such as
    `vault:PATH#FIELD`, is stored as it is. Raises `InvalidRequest`; no message
    has the text of what may be a secret."""
    scheme, colon, rest = reference.partition(":")
    if not reference:
        return ""
    if colon and rest and scheme == "env":
        if secret := secret_variable(rest):
            return secret
        raise InvalidRequest(f"The environment variable {rest} is not set.", param="api_key")
    if colon and rest and scheme == "file":
        return _content(folder / Path(rest).expanduser())
    if colon and rest and scheme in managers.names():
        return reference
    raise InvalidRequest("This is no reference to a secret.", hint=_HOW, param="api_key")


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_SECRET_BYTES + 1)
        if len(content) > MAX_SECRET_BYTES:
            raise InvalidRequest(f"{file} is too large for a credential.", param="api_key")
        text = content.decode().strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidRequest(f"{file} cannot be read: {reason}.", param="api_key") from None
    if not text:
        raise InvalidRequest(f"{file} is empty.", param="api_key")
    return text
