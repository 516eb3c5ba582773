"""Secrets never leak: canaries in every part of every request are searched for everywhere."""

import json
from pathlib import Path

from penstock.entrypoints.server.composition import ServerComposition
from penstock.entrypoints.server.config import ServerConfig
from penstock.features.identity.http.access import declarations
from tests.server.running import Caller, Server, by_key, running

MARK = "CANARYx7"  # in every planted secret


def _routes(home: Path) -> list[tuple[str, str]]:
    parts = ServerComposition(ServerConfig(home=str(home)))
    try:
        return [
            (d.method, d.path) for d in declarations(parts.build().routes, (parts.guards.gateway,))
        ]
    finally:
        parts.close()


def test_no_secret_is_returned_logged_or_stored(tmp_path: Path) -> None:
    with running(tmp_path / "home", log_level="debug") as server:
        server.wait_for("/readyz")
        project_id = server.project_id()
        issued = _use_secrets(server, project_id)
        answers = [
            answer
            for method, path in _routes(tmp_path / "other")
            if path != "/api/v1/backup"
            for answer in _throw(server, method, path, project_id)
        ]
        answers += _read_everything(server, project_id)
        log = server.log.read_text()
    assert len(answers) > 200
    assert [a for a in answers if MARK in a] == []
    assert MARK not in log
    for secret in issued:
        assert secret not in log
        assert [a for a in answers if secret in a] == []
    assert "Traceback" not in log


def _use_secrets(server: Server, project_id: str) -> list[str]:
    """Plants secrets where they belong; those that the server made itself."""
    base = f"/api/v1/projects/{project_id}"
    provider = {
        "name": "acme",
        "base_url": "https://api.acme.example/v1",
        "api_key": f"sk-{MARK}-1",
    }
    assert server.call("POST", f"{base}/providers", server.root, provider).status == 201
    further = {"name": "second", "api_key": f"sk-{MARK}-2"}
    path = f"{base}/providers/acme/credentials"
    assert server.call("POST", path, server.root, further).status == 201
    key = server.call("POST", f"{base}/keys", server.root, {"name": "app"}).json()["secret"]
    rotated = server.call(
        "POST", f"{base}/keys/{_first_key(server, base)}/rotate", server.root, {"overlap_s": 60}
    )
    invited = {"email": "ann@example.org", "role": "viewer"}
    tokens = [
        server.call("POST", f"{base}/invitations", server.root, invited).json()["token"]
        for _ in range(2)
    ]
    ann = {"token": tokens[0], "email": "ann@example.org", "password": f"{MARK} first password"}
    assert server.call("POST", "/api/v1/invitations/redeem", body=ann).status == 200
    session = server.sign_in("ann@example.org", ann["password"])
    changed = {"current": ann["password"], "new": f"{MARK} long enough"}
    assert server.call("POST", "/api/v1/session/password", session, changed).status == 204
    session = server.sign_in("ann@example.org", f"{MARK} long enough")
    assert server.call("POST", "/api/v1/invitations/look", body={"token": tokens[1]}).status == 200
    again = server.call("POST", "/api/v1/invitations/accept", session, {"token": tokens[1]})
    assert again.json()["code"] == "already_member"
    wrong = {"email": "ann@example.org", "password": f"wrong {MARK}"}
    assert server.call("POST", "/api/v1/session", body=wrong).status == 401
    made = server.bootstrap
    return [
        key,
        rotated.json()["secret"],
        *tokens,
        made["admin_password"],
        made["api_key"],
        made["gateway_key"],
        session.headers["cookie"].partition("=")[2],
        (server.home / "gateway.token").read_text().strip(),
        (server.home / "master.key").read_text().strip(),
    ]


def _first_key(server: Server, base: str) -> str:
    keys = server.call("GET", f"{base}/keys", server.root).json()["items"]
    return next(key["id"] for key in keys if key["name"] == "app")


def _throw(server: Server, method: str, path: str, project_id: str) -> list[str]:
    """Requests with canaries in header, cookie, body and values, with and without a key."""
    filled = path.replace("{project_id}", project_id)
    while "{" in filled:
        head, _, rest = filled.partition("{")
        filled = f"{head}{'0' * 32}{rest.partition('}')[2]}"
    bodies = [
        {"password": f"pw {MARK}", "api_key": f"sk-{MARK}", "email": [MARK], "name": {"x": MARK}},
        f'{{"password": "{MARK}'.encode(),
        [MARK],
    ]
    callers = [
        by_key(f"pk_{MARK}"),
        Caller({"cookie": f"penstock_session={MARK}", "x-csrf-token": MARK}),
        Caller({**server.root.headers, "x-penstock-batch": MARK, "origin": ""}),
    ]
    query = f"?api_key={MARK}&limit=2" if method == "GET" else ""
    found: list[str] = []
    for caller in callers:
        for body in bodies if method != "GET" else [None]:
            answer = server.call(method, filled + query, caller, body)
            found.append(answer.body.decode(errors="replace") + json.dumps(dict(answer.headers)))
    return found


def _read_everything(server: Server, project_id: str) -> list[str]:
    base = f"/api/v1/projects/{project_id}"
    paths = [
        base,
        f"{base}/keys",
        f"{base}/members",
        f"{base}/invitations",
        f"{base}/providers",
        f"{base}/audit?limit=500",
        f"{base}/audit/export",
        "/api/v1/audit?limit=500",
        "/api/v1/audit/export",
        "/api/v1/audit/verify",
        "/api/v1/openapi.json",
        "/metrics",
        "/readyz",
    ]
    return [server.call("GET", path, server.root).body.decode() for path in paths]
