"""Invitations over HTTP: permissions, single use, and where tokens are sent."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.server.running import PASSWORD, Answer, Caller, Server

LOOK, ACCEPT, REDEEM = (f"/api/v1/invitations/{deed}" for deed in ("look", "accept", "redeem"))


def invite(server: Server, email: str, role: str = "viewer") -> str:
    path = f"/api/v1/projects/{server.project_id()}/invitations"
    made = server.call("POST", path, server.root, {"email": email, "role": role})
    assert made.status == 201
    assert made.json()["path"] == f"/invitation#{made.json()['token']}"
    return made.json()["token"]


def redeem(server: Server, token: str, email: str) -> Answer:
    body = {"token": token, "email": email, "password": PASSWORD}
    return server.call("POST", REDEEM, body=body)


def test_a_link_can_be_previewed_and_redeemed_once(server: Server) -> None:
    token = invite(server, "ann@one.example", "editor")
    issued = server.call("POST", LOOK, body={"token": token}).json()
    assert (issued["project_name"], issued["role"]) == ("default", "editor")
    assert issued["invited_by"] == ""  # created with a key, whose name is not shown
    joined = redeem(server, token, "ann@one.example")
    assert joined.status == 200
    assert "HttpOnly" in joined.headers["set-cookie"]
    assert joined.json()["roles"] == {server.project_id(): "editor"}
    again = redeem(server, token, "ann@two.example")
    assert (again.status, again.json()["code"]) == (409, "invitation_redeemed")
    assert server.call("POST", LOOK, body={"token": token}).json()["code"] == "invitation_redeemed"


def test_of_parallel_redemptions_one_succeeds(server: Server) -> None:
    token = invite(server, "many@one.example")
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: redeem(server, token, f"m{n}@one.example"), range(6)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 5
    path = f"/api/v1/projects/{server.project_id()}/members?limit=500"
    members = server.call("GET", path, server.root).json()["items"]
    assert len([each for each in members if each["email"].startswith("m")]) == 1


def test_a_signed_in_user_needs_the_csrf_token_to_accept(server: Server) -> None:
    ann = server.join(server.project_id(), "csrf@one.example", "viewer")
    token = {"token": invite(server, "x@one.example")}
    bare = Caller({"cookie": ann.headers["cookie"]})
    refused = server.call("POST", ACCEPT, bare, token)
    assert (refused.status, refused.json()["code"]) == (403, "csrf_token_mismatch")
    assert server.call("POST", ACCEPT, ann, token).json()["code"] == "already_member"
    assert server.call("POST", ACCEPT, server.root, token).status == 403  # a key
    foreign = server.call("POST", REDEEM, body={}, headers={"origin": "https://evil.example"})
    assert foreign.json()["code"] == "foreign_origin"


@pytest.mark.parametrize("path", [LOOK, REDEEM])
def test_an_unknown_token_reveals_nothing_about_addresses(server: Server, path: str) -> None:
    answers = set[tuple[int, str]]()
    for email in ("admin@localhost", "nobody@one.example"):
        body = {"token": "inv_" + "x" * 43}
        if path == REDEEM:
            body |= {"email": email, "password": PASSWORD}
        refused = server.call("POST", path, body=body)
        answers.add((refused.status, refused.body.decode()))
    assert len(answers) == 1
    assert answers.pop()[0] == 404


def test_a_project_admin_never_sees_a_users_password(server: Server) -> None:
    admin = server.join(server.project_id(), "padmin@one.example", "admin")
    ann = server.join(server.project_id(), "victim@one.example", "viewer")
    user_id = server.call("GET", "/api/v1/session", ann).json()["id"]
    path = f"/api/v1/projects/{server.project_id()}"
    assert server.call("POST", f"/api/v1/users/{user_id}/password", admin).status == 403
    body = {"email": "victim@one.example", "role": "viewer"}
    assert server.call("POST", f"{path}/members", admin, body).status == 404
    issued = server.call("POST", f"{path}/invitations", admin, body).json()
    assert set(issued) == {"invitation", "token", "path"}
