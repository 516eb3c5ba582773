"""Runs of endpoints through the REST API of a real server."""

from tests.server.running import Caller, Server


def test_an_endpoint_is_measured_and_its_secret_never_shown(server: Server, editor: Caller) -> None:
    path = f"/api/v1/projects/{server.project_id()}"
    made = server.call("POST", f"{path}/datasets", server.root, {"name": "asked"})
    assert made.status == 201, made.body
    items = {"put": [{"input": "Hi", "expected": "Hi"}]}
    assert server.call("POST", f"{path}/datasets/asked/changes", server.root, items).status < 300
    endpoint = {"url": "https://app.example.org/x", "header": "X-Token", "secret": "planted-7f"}
    body = {"dataset": "asked", "target": {"endpoint": endpoint}}
    started = server.call("POST", f"{path}/evaluations", editor, body)
    assert started.status == 201, started.body
    shown = started.json()["endpoint"]
    assert (shown["url"], shown["header"]) == (endpoint["url"], "X-Token")
    audit = server.call("GET", f"{path}/audit", server.root)
    assert b"planted-7f" not in started.body + audit.body
    for change, status in (
        ({"private_allowed": True}, 403),
        ({"url": "http://10.0.0.1/"}, 400),
        ({"header": "a b"}, 422),
        ({"fields": {"a": "secrets.x"}}, 400),
        ({"format": "openai"}, 400),
        ({"unknown": 1}, 422),
    ):
        wrong = {"dataset": "asked", "target": {"endpoint": endpoint | change}}
        assert server.call("POST", f"{path}/evaluations", editor, wrong).status == status, change
