"""Default deny: every route by every kind of caller, over HTTP."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi import APIRouter

from penstock.entrypoints.server.app import build_app
from penstock.entrypoints.server.composition import ServerComposition
from penstock.entrypoints.server.config import ServerConfig
from penstock.features.access import Permission, public
from penstock.features.identity.http.access import (
    Declaration,
    PermissionGuard,
    SignedIn,
    declarations,
)
from penstock.kernel.errors import SetupError
from tests.server.running import Caller, Server, by_key, running

# Said once more, apart from the code: what each role may do.
ANNOTATOR = {"project:read", "annotations:read", "annotations:write"}
VIEWER = {
    "project:read",
    "traces:read",
    "providers:read",
    "prices:read",
    "routes:read",
    "limits:read",
    "prompts:read",
    "use_cases:read",
    "releases:read",
    "guardrails:read",
    "members:read",
    "scores:read",
    "feedback:read",
    "datasets:read",
    "evaluations:read",
    "annotations:read",
}
EDITOR = VIEWER | {
    "keys:read",
    "prices:write",
    "prompts:write",
    "use_cases:write",
    "releases:write",
    "releases:approve",
    "scores:write",
    "feedback:write",
    "datasets:write",
    "evaluations:run",
    "evaluations:remove",
    "annotations:write",
    "annotations:manage",
    "calls:send",
}
ADMIN = EDITOR | {
    "keys:write",
    "providers:write",
    "routes:write",
    "limits:write",
    "guardrails:write",
    "members:write",
    "audit:read",
    "project:write",
    "evidence:write",
    "webhooks:read",
    "webhooks:write",
}
MAY = {
    "nobody": set[str](),
    "garbage": set[str](),
    "gateway": set[str](),
    "stranger": set[str](),
    "annotator": ANNOTATOR,
    "viewer": VIEWER,
    "editor": EDITOR,
    "admin": ADMIN,
    "owner": ADMIN,
    "calling key": set[str](),
    "first application's key": set[str](),
    "viewer key": VIEWER,
    "editor key": EDITOR,
    "admin key": ADMIN,
    "instance admin": ADMIN | {"instance"},
    "bootstrap key": ADMIN | {"instance"},
}


@dataclass(frozen=True)
class World:
    server: Server
    project_id: str
    callers: dict[str, Caller]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(tmp_path_factory.mktemp("access") / "home") as server:
        server.wait_for("/readyz")
        project_id = server.project_id()
        yield World(server, project_id, _callers(server, project_id))


def _callers(server: Server, project_id: str) -> dict[str, Caller]:
    made = server.bootstrap
    instance_admin = server.sign_in(made["admin_email"], made["admin_password"])
    other = server.call("POST", "/api/v1/projects", instance_admin, {"name": "other"}).json()["id"]
    callers = {
        "nobody": Caller(),
        "garbage": by_key("pk_" + "x" * 43),
        "gateway": by_key((server.home / "gateway.token").read_text().strip()),
        "instance admin": instance_admin,
        "bootstrap key": server.root,
        "stranger": server.join(other, "stranger@example.org", "owner"),
    }
    for role in ("annotator", "viewer", "editor", "admin", "owner"):
        callers[role] = server.join(project_id, f"{role}@example.org", role)
    path = f"/api/v1/projects/{project_id}/keys"
    bare = server.call("POST", path, server.root, {"name": "app"}).json()
    callers["calling key"] = by_key(bare["secret"])
    callers["first application's key"] = by_key(made["gateway_key"])
    for role in ("viewer", "editor", "admin"):
        answer = server.call("POST", path, server.root, {"name": role, "role": role})
        callers[f"{role} key"] = by_key(answer.json()["secret"])
    return callers


def _declared(home: Path) -> list[Declaration]:
    parts = ServerComposition(ServerConfig(home=str(home)))
    try:
        app = parts.build()
        return list(declarations(app.routes, (parts.guards.gateway,)))
    finally:
        parts.close()


def test_every_route_admits_exactly_the_declared_principals(world: World, tmp_path: Path) -> None:
    wrong: list[str] = []
    declared = [d for d in _declared(tmp_path) if d.path != "/api/v1/session" or d.method == "GET"]
    assert len(declared) > 30
    for declaration in declared:
        for name, caller in world.callers.items():
            path = _fill(declaration.path, world.project_id)
            status = world.server.call(declaration.method, path, caller).status
            if (problem := _problem(declaration, name, status)) is not None:
                wrong.append(f"{declaration.method} {path} by {name}: {status}, {problem}")
    assert wrong == []


def _fill(path: str, project_id: str) -> str:
    filled = path.replace("{project_id}", project_id)
    while "{" in filled:
        head, _, rest = filled.partition("{")
        filled = head + "0" * 32 + rest.partition("}")[2]
    if "/projects/" not in filled and filled.startswith("/api/v1/"):
        filled += f"?project_id={project_id}"
    return filled


def _problem(declaration: Declaration, name: str, status: int) -> str | None:
    guard = declaration.guard
    known = name not in {"nobody", "garbage", "gateway"}
    if guard is public:
        return "public, but refused" if status in {401, 403} else None
    if isinstance(guard, SignedIn):
        return None if known == (status != 401) else "wrong for a signed-in caller"
    if not isinstance(guard, PermissionGuard):  # the gateway's token
        return None if (name == "gateway") == (status not in {401, 403}) else "gateways only"
    if not known:
        return None if status == 401 else "unknown callers get 401"
    if guard.permission.value in MAY[name]:
        return "granted, but refused" if status in {401, 403} else None
    expected = {404} if name == "stranger" and guard.permission.value != "instance" else {403}
    return None if status in expected else f"denied, so {expected}"


def test_every_permission_belongs_to_a_role(world: World) -> None:
    assert set().union(*MAY.values()) == {permission.value for permission in Permission}


def test_an_application_with_an_undeclared_route_is_not_built(tmp_path: Path) -> None:
    router = APIRouter()
    router.add_api_route("/api/v1/open", lambda: None, methods=["GET"])
    with pytest.raises(SetupError, match="GET /api/v1/open"):
        build_app(ServerConfig(home=str(tmp_path)), [router], (), logging.getLogger("test"))


def test_a_key_opens_no_other_project(world: World) -> None:
    own = world.callers["admin key"]
    other = next(
        project["id"]
        for project in world.server.call("GET", "/api/v1/projects", world.server.root).json()[
            "items"
        ]
        if project["id"] != world.project_id
    )
    assert world.server.call("GET", f"/api/v1/projects/{other}/keys", own).status == 404
    assert world.server.call("GET", f"/api/v1/traces?project_id={other}", own).status == 404


def test_mutations_of_a_session_need_the_csrf_token(world: World) -> None:
    admin = world.callers["admin"]
    bare = Caller({"cookie": admin.headers["cookie"]})
    path = f"/api/v1/projects/{world.project_id}/keys"
    assert world.server.call("GET", path, bare).status == 200
    refused = world.server.call("POST", path, bare, {"name": "x"})
    assert (refused.status, refused.json()["code"]) == (403, "csrf_token_mismatch")
    assert world.server.call("POST", path, admin, {"name": "x"}).status == 201
