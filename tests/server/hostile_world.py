"""An installation with something of everything, and a client that sends any bytes."""

import contextlib
import http.client
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.infra.http_server import HttpLimits
from penstock.infra.http_server.head import RequestRejected, parse_head
from tests.features.traces import calls
from tests.server.hostile import Generator, Ids, Operation, Request, operations
from tests.server.planted import Planted
from tests.server.running import SOURCES, Caller, Server, by_key

SECRET = "sk-planted-4f1d9c"
PATIENCE_S = 30.0
LONGEST_S = 20.0  # of one answer; the machine may be busy
LISTS = (
    "",
    "/keys",
    "/members",
    "/providers",
    "/prices",
    "/audit",
    "/audit/verify",
    "/invitations",
    "/datasets",
    "/evaluations",
    "/online-evaluations",
    "/evaluation-schedules",
    "/gates",
    "/webhooks",
)
READS = (
    "projects",
    "traces",
    "traces/tail",
    "traces/facets",
    "traces/targets",
    "overview",
    "audit",
    "about",
)


@dataclass(frozen=True)
class Answer:
    """`status` 0: the server hung up without an answer. `invalid`: the head of the request is no
    HTTP, and the HTTP server answers it with plain text."""

    status: int
    kind: str
    body: bytes
    seconds: float
    invalid: bool = False


@dataclass
class World:
    server: Server
    project_id: str
    roles: Mapping[str, Mapping[str, str]]
    secrets: list[bytes]
    ids: Ids
    document: Mapping[str, Any]

    def generator(self) -> Generator:
        return Generator(self.ids, self.document["components"]["schemas"], self.roles)

    def operations(self) -> list[Operation]:
        return [*operations(self.document), *_beside_the_document()]

    def replenish(self) -> None:
        """New things in place of what was removed."""
        base, root, server = f"/api/v1/projects/{self.project_id}", self.server.root, self.server
        for name in ("one", "two"):
            body = {"name": name, "base_url": "http://127.0.0.1:9/v1", "private_allowed": True}
            body |= {"kind": "openai-compatible", "api_key": SECRET}
            server.call("POST", f"{base}/providers", root, body)
        key = server.call("POST", f"{base}/keys", root, {"name": "spare"}).json()
        price = {"model": "m*", "prices": [{"unit": "requests", "price": "1"}]}
        made = server.call("POST", f"{base}/prices", root, price).json()
        invitation = {"email": "new@example.org", "role": "viewer"}
        issued = server.call("POST", f"{base}/invitations", root, invitation).json()
        if "token" in issued:
            self.ids.values["token"] = [issued["token"]]
            self.ids.values["invitation_id"] = [issued["invitation"]["id"]]
        limit = {"name": "spare", "measure": "spend", "amount": "1", "window": "month"}
        added = server.call("POST", f"{base}/limits", root, limit).json()
        if "id" in added:
            self.ids.values["limit_id"] = [added["id"]]
        self.ids.values["key_id"] = [key["key"]["id"]]
        self.ids.values["price_id"] = [made["id"]]
        self.ids.values |= Planted(server, self.project_id).renewed()

    def lists_that_fail(self) -> list[tuple[str, int]]:
        """Reads the main lists; returns the responses that are not 200."""
        paths = [f"/api/v1/projects/{self.project_id}{rest}" for rest in LISTS]
        paths += [f"/api/v1/{path}" for path in READS]
        paths.append("/readyz")
        found = [(path, self.server.call("GET", path, self.server.root).status) for path in paths]
        return [(path, status) for path, status in found if status != 200]


def send(port: int, request: Request) -> Answer:
    """Sends the request as it is."""
    headers = dict(request.headers)
    headers.setdefault("host", b"127.0.0.1")
    lines = [f"{name}: ".encode() + value for name, value in headers.items()]
    if request.body or request.method in {"POST", "PUT", "PATCH"}:
        lines.append(b"content-length: %d" % len(request.body))
    head = b"\r\n".join([b"%b %b HTTP/1.1" % (request.method.encode(), request.target), *lines])
    head += b"\r\nconnection: close\r\n"
    invalid = _is_invalid(head)
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock:
        with contextlib.suppress(OSError):  # refused before it was read; the answer may be there
            sock.sendall(head + b"\r\n" + request.body)
        answer = http.client.HTTPResponse(sock, method=request.method)
        try:
            answer.begin()
            body = answer.read(2**20)
        except (OSError, http.client.HTTPException):
            return Answer(0, "", b"", time.monotonic() - start, invalid)
    kind = answer.headers.get("content-type", "")
    return Answer(answer.status, kind, body, time.monotonic() - start, invalid)


def _is_invalid(head: bytes) -> bool:
    try:
        parse_head(head, HttpLimits())
    except RequestRejected:
        return True
    return False


def known_codes() -> set[str]:
    """Every error code that the sources name."""
    found = {"not_found", "method_not_allowed", "invalid_request"}
    for path in SOURCES.rglob("*.py"):
        found |= set(re.findall(r'(?:default_)?code\s*=\s*"([a-z_]+)"', path.read_text()))
    return found


def populated(server: Server) -> World:
    """Fills the installation over its own API."""
    project_id, root = server.project_id(), server.root
    base = f"/api/v1/projects/{project_id}"
    made = server.bootstrap
    token = (server.home / "gateway.token").read_text().strip()
    roles: dict[str, Mapping[str, str]] = {
        "nobody": {},
        "garbage": by_key("pk_" + "x" * 43).headers,
        "gateway": by_key(token).headers,
        "bootstrap key": root.headers,
        "admin session": server.sign_in(made["admin_email"], made["admin_password"]).headers,
    }
    for role in ("viewer", "editor", "admin"):
        issued = server.call("POST", f"{base}/keys", root, {"name": role, "role": role})
        roles[f"{role} key"] = by_key(issued.json()["secret"]).headers
        roles[role] = server.join(project_id, f"{role}@example.org", role).headers
    secrets = [SECRET, token, made["api_key"], made["admin_password"]]
    secrets += [(server.home / "master.key").read_text().strip()]
    secrets += [h["authorization"][7:] for n, h in roles.items() if n.endswith(" key")]
    ids = Ids({"project_id": [project_id], "email": ["nobody@example.org"], "role": ["viewer"]})
    document = server.call("GET", "/api/v1/openapi.json").json()
    world = World(server, project_id, roles, [s.encode() for s in secrets], ids, document)
    _ship(server, roles["gateway"], project_id)
    world.replenish()
    _learn(world)
    ids.values |= Planted(server, project_id).measured()
    return world


def _ship(server: Server, gateway: Mapping[str, str], project_id: str) -> None:
    start = time.time_ns() - 60 * 10**9
    ends = [calls.call(project_id, start + n * 10**9) for n in range(5)]
    headers = {"x-penstock-batch": calls.new_batch(), "content-type": "application/octet-stream"}
    body = calls.frames(ends)
    sent = server.call("POST", "/internal/v1/calls", Caller(gateway), body, headers)
    assert sent.status == 200, sent.body


def _learn(world: World) -> None:
    server, root, values = world.server, world.server.root, world.ids.values
    traces = server.call("GET", "/api/v1/traces?limit=2", root).json()
    values["trace_id"] = [item["trace_id"] for item in traces["items"]]
    values["cursor"] = values["after"] = [traces["next_cursor"]]
    values["name"] = ["one", "two"]
    values["user_id"] = [
        item["user_id"]
        for item in server.call("GET", f"/api/v1/projects/{world.project_id}/members", root).json()[
            "items"
        ]
        if item["email"].startswith("viewer@")
    ]
    gateway = Caller(world.roles["gateway"])
    snapshot = server.call("GET", "/internal/v1/snapshot", gateway).json()
    values["hash_"] = sorted(snapshot["sections"].values())[:3]
    values["price"] = ["1", "0.000001", "1000000"]
    values["provider"] = values["model"] = ["*", "m*"]
    values["vendor"] = ["openai", "groq", ""]
    values["kind"] = ["openai-compatible"]
    values["email"] = values["owner_email"] = [server.bootstrap["admin_email"], "new@example.org"]
    values["password"] = values["new"] = ["a long enough password"]
    values["limit"] = ["1", "500"]
    values["from"] = ["2026-01-01T00:00:00Z"]
    values["base_url"] = ["http://127.0.0.1:9/v1", "https://a.invalid/v1"]


def _beside_the_document() -> list[Operation]:
    """Routes for machines, and pages."""
    batches = [b"", b"\x00" * 13, b"\xff" * 5000, calls.frames([calls.call("prj_none")])]
    return [
        Operation("POST", "/internal/v1/calls", (), None, [*batches, batches[3][:-20]]),
        Operation("GET", "/internal/v1/snapshot", ("after", "wait_s")),
        Operation("GET", "/internal/v1/snapshot/sealed"),
        Operation("GET", "/internal/v1/snapshot/sections/{hash_}"),
        Operation("GET", "/api/v1/openapi.json"),
        Operation("GET", "/assets/{name}"),
        Operation("GET", "/{name}"),
        Operation("GET", "/"),
    ]


def memory(pid: int) -> int:
    """Anonymous memory of a process in bytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    line = next(line for line in text.splitlines() if line.startswith("Pss_Anon:"))
    return int(line.split()[1]) * 1024
