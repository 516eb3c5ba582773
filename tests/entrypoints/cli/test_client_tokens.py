"""`penstock key client-token` against a running installation."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from installation import Installation, wait_until

pytestmark = pytest.mark.drill


def test_one_client_token_is_revoked_and_its_sister_stays(tmp_path: Path) -> None:
    installation = Installation(tmp_path / "home")
    installation.start()
    try:
        first, second = (_made(installation, user) for user in ("ann", "bob"))
        assert [_answer(installation, one["token"])[0] for one in (first, second)] == [200, 200]
        for wrong, reason in (("ctk_1", "not the id of a client"), ("pct_1.2", "not a whole")):
            assert reason in installation.run("key", "client-token", "revoke", wrong, code=1)
        for one in (first["token"], first["id"]):
            assert installation.json("key", "client-token", "revoke", one)["id"] == first["id"]
        wait_until(lambda: _answer(installation, first["token"])[0] == 401)
        assert _answer(installation, first["token"])[1] == "client_token_revoked"
        assert _answer(installation, second["token"])[0] == 200
        assert first["id"] in installation.run("key", "client-token", "revoked")
        wrong = ("key", "client-token", "create", "support", "--expires-in-s", "5")
        assert "lives 10 to 3600 seconds" in installation.run(*wrong, code=1)
    finally:
        installation.kill()


def _made(installation: Installation, user: str) -> dict[str, str]:
    return installation.json("key", "client-token", "create", "support", "--user", user)


def _answer(installation: Installation, token: str) -> tuple[int, str]:
    body = {"model": "sim/sim-small", "messages": [{"role": "user", "content": "hello"}]}
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    url = f"{installation.gateway}/v1/chat/completions"
    request = urllib.request.Request(url, json.dumps({**body, "max_tokens": 5}).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status), ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())["error"]["code"]
