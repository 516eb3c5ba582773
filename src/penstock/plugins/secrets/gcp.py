"""Google Cloud Secret Manager: `gcp:projects/PROJECT/secrets/NAME`, optionally with
`/versions/VERSION` and with `#FIELD` for a secret that is JSON.

`GOOGLE_APPLICATION_CREDENTIALS` (the key file of a service account) or `GOOGLE_OAUTH_ACCESS_TOKEN`
configures it; `CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER` names another address. API:
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
"""

import re
from base64 import b64decode
from datetime import datetime
from typing import Final

from penstock.kernel.errors import SetupError, UpstreamFailed
from penstock.plugins.google_account import sign_token
from penstock.plugins.secrets.fields import decode_object, refusal, split_name, text_of
from penstock.spi.http import HttpAnswer, HttpRequest
from penstock.spi.secret_manager import Variable

_NAME: Final = re.compile(
    r"projects/[a-z0-9][a-z0-9.:-]{0,62}"
    r"(?:/locations/(?P<location>[a-z0-9-]{1,40}))?"
    r"/secrets/[A-Za-z0-9_-]{1,255}"
    r"(?P<version>/versions/[A-Za-z0-9_-]{1,63})?"
)
_ADVICE: Final = {
    401: "Check the key file, and the clock of this machine.",
    403: "Give its account the role Secret Manager Secret Accessor for the secret.",
    404: "Check project, name and version.",
}


class GoogleSecrets:
    """Reads the latest version of a secret, or the named one."""

    def problem_of(self, name: str) -> str:
        """Returns what is wrong with a reference; empty if nothing is."""
        path, field = split_name(name)
        if not _NAME.fullmatch(path) or ("#" in name and not field):
            return (
                "Write gcp:projects/PROJECT/secrets/NAME, with #FIELD for a field of JSON,"
                " such as gcp:projects/acme/secrets/openai#api_key."
            )
        return ""

    def request(self, name: str, variable: Variable, now: datetime) -> HttpRequest:
        """Returns the request for a version."""
        path = split_name(name).path
        found = _NAME.fullmatch(path)
        location = found["location"] if found else None
        version = "" if found and found["version"] else "/versions/latest"
        address = variable("CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER").rstrip("/")
        regional = f".{location}.rep" if location else ""
        address = address or f"https://secretmanager{regional}.googleapis.com"
        bearer = f"Bearer {_token(variable, now)}".encode()
        url = f"{address}/v1/{path}{version}:access"
        return HttpRequest("GET", url, ((b"authorization", bearer),))

    def read(self, name: str, answer: HttpAnswer) -> str:
        """Returns the secret, or the field of it."""
        if answer.status != 200:
            raise refusal("Google Cloud Secret Manager", answer.status, _ADVICE)
        payload: object = decode_object(answer.body).get("payload")
        try:
            whole = b64decode(text_of(payload, "data"), validate=True).decode()
        except ValueError:
            raise UpstreamFailed("The secret is not a text.") from None
        field = split_name(name).field
        return text_of(decode_object(whole), field) if field else whole


def _token(variable: Variable, now: datetime) -> str:
    """Returns a token that was given, or one that the account's key signs."""
    if token := variable("GOOGLE_OAUTH_ACCESS_TOKEN"):
        return token
    key_file = variable("GOOGLE_APPLICATION_CREDENTIALS")
    if not key_file:
        raise SetupError(
            "GOOGLE_APPLICATION_CREDENTIALS is not set for the server, or names no file that it"
            " can read."
        )
    try:
        return sign_token(key_file, now.timestamp()).text
    except UpstreamFailed:
        raise SetupError(
            "GOOGLE_APPLICATION_CREDENTIALS does not name the key file of a service account.",
            hint="Make a key of the account in Google Cloud, as JSON.",
        ) from None


def create() -> GoogleSecrets:
    """Creates the plugin; named by the entry point."""
    return GoogleSecrets()
