"""Google Cloud Secret Manager, Azure Key Vault and Entra ID on one port of this machine. They
answer requests of the documented form only."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from google.auth import jwt

from tests.plugins.vertex_accounts import key_file, public_key

TENANT, CLIENT = "8f2b4a10-0000-4000-8000-000000000001", "5d3c4a10-0000-4000-8000-000000000002"
CLIENT_SECRET, ASSERTION = "canary~client.secret-012345", "eyJ.canary-assertion.abc"
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_GOOGLE_PATHS = (
    "/v1/projects/acme/secrets/openai/versions/latest:access",
    "/v1/projects/acme/locations/europe-west3/secrets/openai/versions/3:access",
)
_AZURE_PATHS = ("/secrets/openai", "/secrets/openai/4387e9f3d6e14c459867679a90fd0f79")


@dataclass
class CloudManagers:
    """`secret` is what both keep. `status`: of answers with secrets, if it is not 200."""

    secret: str
    account: str = field(default_factory=lambda: key_file(1))
    status: int = 200
    url: str = ""
    tokens: list[str] = field(default_factory=list[str])
    accepted: set[str] = field(default_factory=set[str])
    reads: int = 0
    lifetime_s: int = 3599

    def answer(
        self, method: str, url: str, headers: dict[str, str], body: str
    ) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(url)
        if parts.path == f"/{TENANT}/oauth2/v2.0/token":
            return self._issue(method, headers, parse_qs(body))
        self.reads += 1
        if method != "GET" or body:
            return 400, {"error": {"code": "BadParameter"}}
        if self.status != 200:
            return self.status, {"error": {"message": self.secret}}
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if parts.path in _GOOGLE_PATHS and not parts.query:
            return self._google(parts.path, bearer)
        if parts.path in _AZURE_PATHS and parts.query == "api-version=7.4":
            return self._azure(parts.path, bearer)
        return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}

    def _google(self, path: str, bearer: str) -> tuple[int, dict[str, Any]]:
        email = json.loads(self.account)["client_email"]
        try:
            claims = jwt.decode(bearer, certs=public_key(self.account))
        except ValueError:
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
        right = (claims["iss"], claims["sub"], claims["scope"]) == (email, email, _SCOPE)
        if not right or not 0 < claims["exp"] - claims["iat"] <= 3600:
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
        data = base64.b64encode(self._document().encode()).decode()
        name = path.removeprefix("/v1/").removesuffix(":access")
        return 200, {"name": name, "payload": {"data": data, "dataCrc32c": "1"}}

    def _azure(self, path: str, bearer: str) -> tuple[int, dict[str, Any]]:
        if bearer not in self.accepted:
            return 401, {"error": {"code": "Unauthorized", "message": "AKV10000"}}
        attributes = {"enabled": True, "created": 1, "updated": 1, "recoveryLevel": "Recoverable"}
        return 200, {"value": self._document(), "id": self.url + path, "attributes": attributes}

    def _document(self) -> str:
        return json.dumps({"key": self.secret, "n": 1})

    def _issue(
        self, method: str, headers: dict[str, str], form: dict[str, list[str]]
    ) -> tuple[int, dict[str, Any]]:
        common = {
            "grant_type": ["client_credentials"],
            "client_id": [CLIENT],
            "scope": ["https://vault.azure.net/.default"],
        }
        assertion = {"client_assertion": [ASSERTION], "client_assertion_type": [_ASSERTION_TYPE]}
        forms = ({**common, "client_secret": [CLIENT_SECRET]}, {**common, **assertion})
        media_type = headers.get("content-type")
        if (method, media_type) != ("POST", "application/x-www-form-urlencoded"):
            return 400, {"error": "invalid_request"}
        if form not in forms:
            said = f"AADSTS7000215: Invalid client secret {form.get('client_secret')}.\r\nTrace"
            return 401, {"error": "invalid_client", "error_description": said}
        self.tokens.append(f"canary.token.{len(self.tokens)}")
        self.accepted.add(self.tokens[-1])
        token = {"access_token": self.tokens[-1], "expires_in": self.lifetime_s}
        return 200, {"token_type": "Bearer", "ext_expires_in": self.lifetime_s, **token}


@contextmanager
def cloud_managers(it: CloudManagers) -> Iterator[CloudManagers]:
    """Listens on a free port."""

    class Handler(_Handler):
        managers = it

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield it
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    managers: CloudManagers

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, document = self.managers.answer(self.command, self.path, headers, body)
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815 - the name of http.server

    def log_message(self, *_: object) -> None:
        pass
