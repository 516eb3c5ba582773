"""An installation with all features on: each secret is planted where it belongs, and where it may
come by mistake.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from drills.leaking_provider import LEAKS, LeakingProvider
from tests.certificates import write_pair
from tests.installation import Installation

MARK = "visible-canary-7f3a"  # no secret: it must be found wherever secrets are searched
CANARY = "xQ7!k"  # in planted secrets, with a character that encodings change
CARD, TOKEN = "4916338506082832", "gh" + "p_" + "Zk3vT9wQ2mXr7LbN5sYc8HdJ4fGa6PuE1oKi"
REFERENCES = {
    "vaulted": "vault:secret/openai#key",
    "amazon": "aws:prod/openai#key",
    "google": "gcp:projects/acme/secrets/openai#key",
    "azured": "azure:openai#key",
}
PLACES = ["input", "context", "tool_arguments", "tool_results", "output"]


def planted(name: str) -> str:
    """Returns a secret, the same for each run: its name says where it was found."""
    word = name.replace(" ", "-")
    return f"sk-{CANARY}-{word}-{word[::-1]}"


@dataclass(frozen=True)
class Reply:
    """An answer over HTTP."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    @property
    def cookies(self) -> list[str]:
        """Returns what it sets, as `name=value`."""
        lines = (value for name, value in self.headers if name.lower() == "set-cookie")
        return [line.partition(";")[0] for line in lines]

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class SecretWorld:
    """`secrets`: name → bytes. `variables`: further variables of the installation."""

    installation: Installation
    provider: LeakingProvider
    variables: dict[str, str]
    secrets: dict[str, bytes] = field(default_factory=dict[str, bytes])

    def start(self) -> None:
        """Starts it with TLS, two workers, secrets managers and debug logs."""
        folder = self.installation.home.parent
        certificate, key = folder / "tls.pem", folder / "tls.key"
        write_pair(certificate, key, name="localhost")
        self._keep_tls_key(key)
        files = {
            f"PENSTOCK_{plane}__TLS_{name}": str(path)
            for plane in ("GATEWAY", "SERVER")
            for name, path in (("CERTIFICATE", certificate), ("KEY", key))
        }
        managers = {
            "VAULT_ADDR": self.provider.url,
            "VAULT_TOKEN": self.plant("vault token"),
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": self.plant("aws secret access key"),
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": self.provider.url,
        }
        self.installation.extra |= {
            "PENSTOCK_LOG_LEVEL": "debug",
            "PENSTOCK_GATEWAY__WORKERS": "2",
            **files,
            **managers,
            **self.variables,
        }
        self.installation.start("--demo")
        home = self.installation.home
        for name, value in json.loads((home / "bootstrap.json").read_bytes()).items():
            if name != "admin_email":
                self.secrets[name] = value.encode()
        for name in ("gateway.token", "metrics.token", "master.key"):
            self.secrets[name] = (home / name).read_bytes().strip()

    def plant(self, name: str) -> str:
        """Makes a secret."""
        self.secrets[name] = planted(name).encode()
        return planted(name)

    def found(self, name: str, secret: str) -> str:
        """Takes a secret that the installation has made."""
        self.secrets[name] = secret.encode()
        return secret

    def base(self) -> str:
        """Returns the API path of the project of the first start."""
        project = self.rest("GET", "/api/v1/session").json()["project_id"]
        return f"/api/v1/projects/{project}"

    def rest(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        status: int = 0,
    ) -> Reply:
        """Calls the REST API with the key of the first start, unless `headers` say otherwise.
        `status`: the only answer that is right; 0: any below 300."""
        by_key = {"authorization": f"Bearer {self.installation.key}"}
        reply = self.send("server", method, path, body, by_key if headers is None else headers)
        right = reply.status == status if status else reply.status < 300
        assert right, (method, path, reply.status, reply.body)
        return reply

    def call(self, body: object, *, path: str = "/v1/chat/completions", **headers: str) -> Reply:
        """Calls the gateway with the application key."""
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        key = {"authorization": f"Bearer {self.installation.gateway_key}"}
        return self.send("gateway", "POST", path, body, key | own)

    def send(
        self, plane: str, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> Reply:
        """Sends a request over TLS; errors are answers."""
        address = self.installation.gateway if plane == "gateway" else self.installation.server
        request = urllib.request.Request(
            address.replace("http://", "https://") + path,
            method=method,
            data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
            headers={"content-type": "application/json", **headers},
        )
        trusting = ssl.create_default_context()
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        try:
            with urllib.request.urlopen(request, timeout=30, context=trusting) as answer:
                return Reply(answer.status, answer.headers.items(), answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Reply(error.code, error.headers.items(), error.read())
        except http.client.IncompleteRead as error:  # a stream that did not end well
            return Reply(0, (), error.partial)

    def _keep_tls_key(self, path: Path) -> None:
        """Two secrets: a line of the file, and the number itself."""
        pem = path.read_bytes()
        key = load_pem_private_key(pem, None)
        assert isinstance(key, EllipticCurvePrivateKey)
        self.secrets["tls key, a line"] = pem.splitlines()[1]
        self.secrets["tls key"] = key.private_numbers().private_value.to_bytes(32, "big")


def use_everything(world: SecretWorld) -> None:
    """Uses each feature that has a secret, or that may meet one."""
    base = world.base()
    _providers(world, base)
    _members(world, base)
    _keys(world, base)
    policy = {
        "name": "house",
        "checks": [
            {"detector": name, "places": PLACES, "action": "redact"}
            for name in ("secrets", "card_numbers")
        ],
    }
    world.rest("POST", f"{base}/guardrails", policy)
    limit = {"name": MARK, "measure": "requests", "amount": 10_000, "window": "month"}
    world.rest("POST", f"{base}/limits", limit)
    content = {"kind": "text", "text": f"{MARK} {{{{ name }}}}", "variables": {"name": {}}}
    world.rest("POST", f"{base}/prompts", {"name": MARK, "content": content, "message": "first"})
    route = {"name": "support", "targets": [{"provider": MARK, "model": "small"}]}
    world.rest("POST", f"{base}/routes", route)
    world.installation.wait_for(lambda: _served(world))


def _served(world: SecretWorld) -> bool:
    return world.call({"model": "support", "messages": [_user("hello")]}).status == 200


def _providers(world: SecretWorld, base: str) -> None:
    common = {
        "base_url": f"{world.provider.url}/v1",
        "private_allowed": True,
        "kind": "openai-compatible",
        "models": ["small"],
    }
    world.secrets |= {f"{name} value": it.encode() for name, it in world.provider.kept.items()}
    for name, api_key in {MARK: world.plant("provider key"), **REFERENCES}.items():
        quirks = {"files": "yes"} if name == MARK else {}
        new = {"name": name, "api_key": api_key, "quirks": quirks, **common}
        world.rest("POST", f"{base}/providers", new)
    further = {"name": "second", "api_key": world.plant("further credential")}
    world.rest("POST", f"{base}/providers/{MARK}/credentials", further)
    compared = {"api_key": world.plant("compared credential")}
    world.rest("POST", f"{base}/providers/{MARK}/credentials/second/compare", compared)
    refused = {"name": "refused", **common, "api_key": world.plant("key of a refused provider")}
    world.rest("POST", f"{base}/providers", {**refused, "kind": "unknown"}, status=400)
    address = f"http://user:{world.plant('password in an address')}@127.0.0.1:1/v1"
    reply = world.send(
        "server",
        "POST",
        f"{base}/providers",
        {"name": "located", **common, "base_url": address},
        {"authorization": f"Bearer {world.installation.key}"},
    )
    assert reply.status == 400, reply.body


def _members(world: SecretWorld, base: str) -> None:
    invited = {"email": "ann@example.org", "role": "admin"}
    token = world.rest("POST", f"{base}/invitations", invited).json()["token"]
    password = world.plant("first password")
    ann = {"token": world.found("invitation", token), "email": invited["email"]}
    world.rest("POST", "/api/v1/invitations/redeem", {**ann, "password": password}, headers={})
    wrong = {"email": invited["email"], "password": world.plant("wrong password")}
    world.rest("POST", "/api/v1/session", wrong, headers={}, status=401)
    reply = world.rest(
        "POST", "/api/v1/session", {"email": ann["email"], "password": password}, headers={}
    )
    cookie = next(each for each in reply.cookies if each.startswith("penstock_session="))
    session = {
        "cookie": cookie,
        "x-csrf-token": world.found("csrf token", reply.json()["csrf_token"]),
    }
    world.found("session", cookie.partition("=")[2])
    changed = {"current": password, "new": world.plant("second password")}
    world.rest("POST", "/api/v1/session/password", changed, headers=session)
    for cookie in (f"penstock_session={world.plant('wrong session')}", "penstock_session=%ff"):
        world.rest("GET", f"{base}/keys", headers={"cookie": cookie}, status=401)
    wrong_key = f"Bearer pk_{world.plant('wrong key at the server')}"
    world.rest("GET", f"{base}/keys", headers={"authorization": wrong_key}, status=401)


def _keys(world: SecretWorld, base: str) -> None:
    made = world.rest("POST", f"{base}/keys", {"name": MARK}).json()
    world.found("virtual key", made["secret"])
    path = f"{base}/keys/{made['key']['id']}/rotate"
    world.found("rotated key", world.rest("POST", path, {"overlap_s": 60}).json()["secret"])


def call_with_secrets(world: SecretWorld) -> Sequence[Reply]:
    """Calls with secrets in each part of requests and answers; returns the answers."""
    replies = [
        world.call(_chat(f"please leak: {how}", model=f"{name}/small", stream=stream))
        for name in (MARK, *REFERENCES)
        for how in LEAKS
        for stream in (False, True)
    ]
    sent = {planted("provider key"), *world.provider.kept.values()}
    assert sent <= world.provider.credentials
    world.secrets["card number"], world.secrets["token"] = CARD.encode(), TOKEN.encode()
    key = world.secrets["virtual key"].decode()
    said = f"{MARK} my card {CARD}, my token {TOKEN}, my key {key}"
    replies += [
        world.call(_chat(said, stream=stream), x_penstock_cache="3600")
        for stream in (False, True)
        for _ in range(2)
    ]
    replies.append(world.call(_conversation(said), path="/v1/chat/completions"))
    replies += _hostile_headers(world)
    return replies


def _hostile_headers(world: SecretWorld) -> list[Reply]:
    ask = _chat("hello")
    wrong = f"pk_{world.plant('wrong key at the gateway')}"
    gemini = {"contents": [{"parts": [{"text": "hello"}]}]}
    ours = world.secrets["virtual key"].decode()
    path = f"/v1beta/models/{MARK}%2Fsmall:generateContent?key="
    return [
        world.call(ask, authorization=f"Bearer {wrong}"),
        world.call(ask, authorization=f"Basic {wrong}"),
        world.call(ask, x_api_key=world.plant("x-api-key header")),
        world.call(ask, cookie=f"session={world.plant('cookie of a caller')}"),
        world.call(ask, x_own_secret=world.plant("unknown header")),
        world.call(ask, path=f"/v1/chat/completions?api_key={world.plant('key in a query')}"),
        world.call(ask, path=f"/v1/nothing/{world.plant('key in a path')}"),
        world.send("gateway", "POST", f"{path}{ours}", gemini, {}),
        world.send("gateway", "POST", f"{path}{wrong}", gemini, {}),
        world.call(ask, idempotency_key=world.plant("idempotency key")),
    ]


def _chat(text: str, *, model: str = f"{MARK}/small", stream: bool = False) -> dict[str, Any]:
    return {"model": model, "messages": [_user(text)], "stream": stream}


def _conversation(said: str) -> dict[str, Any]:
    """A conversation with texts of all places."""
    arguments = json.dumps({"card": said})
    call = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    messages = [
        {"role": "system", "content": said},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": said},
        _user(said),
    ]
    return {"model": "support", "messages": messages, "user": "somebody"}


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}
