"""The life of the server process: starts, refuses to start, serves on, stops."""

import contextlib
import json
import os
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from penstock.infra.columns.embedded import EmbeddedEngine
from tests.server.running import Server, by_key, running, start

pytestmark = pytest.mark.drill


def _exit(server: Server) -> tuple[int, str]:
    return server.process.wait(60), server.log.read_text()


def test_a_first_start_writes_private_files_and_logs_no_secret(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.wait_for("/readyz")
        assert server.home.stat().st_mode & 0o077 == 0 or server.home.exists()
        modes = {
            name: (server.home / name).stat().st_mode & 0o777
            for name in ("bootstrap.json", "gateway.token", "master.key", "audit.heads")
        }
        assert set(modes.values()) == {0o600}
        assert server.stop() == 0
        log = server.log.read_text()
        assert "Traceback" not in log
        for secret in server.bootstrap.values():
            assert "@" in secret or secret not in log


def test_a_killed_server_restarts_with_all_data(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        root, project_id = server.root, server.project_id()
        path = f"/api/v1/projects/{project_id}/keys"
        secret = server.call("POST", path, root, {"name": "app", "role": "viewer"}).json()["secret"]
        server.process.kill()
        server.process.wait()
    with running(tmp_path / "home") as again:
        assert again.root == root
        who = again.call("GET", "/api/v1/session", by_key(secret)).json()
        assert (who["label"], who["project_id"]) == ("app", project_id)
        assert again.call("GET", "/api/v1/audit/verify", root).json()["ok"]


def test_a_waiting_gateway_does_not_hold_up_a_stop(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.wait_for("/readyz")
        gateway = by_key((server.home / "gateway.token").read_text().strip())
        digest = server.call("GET", "/internal/v1/snapshot", gateway).headers["etag"].strip('"')
        path = f"/internal/v1/snapshot?after={digest}&wait_s=25"
        statuses: list[int] = []
        poll = threading.Thread(
            target=lambda: statuses.append(server.call("GET", path, gateway).status)
        )
        poll.start()
        time.sleep(0.5)
        begun = time.monotonic()
        assert server.stop() == 0
        poll.join()
        assert time.monotonic() - begun < 20  # the gateway waits for 25
        assert statuses[0] in {204, 503}


def test_a_taken_port_is_one_clear_line(server: Server, tmp_path: Path) -> None:
    code, log = _exit(start(tmp_path / "home", port=server.port))
    assert code == 2
    assert f"Port {server.port} on 127.0.0.1 is in use" in log
    assert "--server-port" in log
    assert log.count("\n") == 1


@pytest.mark.parametrize("settings", [{"port": "x"}, {"colour": 1}])
def test_an_unusable_configuration_is_one_clear_line(
    tmp_path: Path, settings: dict[str, object]
) -> None:
    code, log = _exit(start(tmp_path / "home", **settings))
    assert (code, log.count("\n")) == (2, 1)
    assert "configuration is not valid" in log


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.stop()
    with sqlite3.connect(tmp_path / "home" / "penstock.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    code, log = _exit(start(tmp_path / "home"))
    assert code == 2
    assert "schema version 9999" in log


def test_a_lost_master_key_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.stop()
    (tmp_path / "home" / "master.key").unlink()
    code, log = _exit(start(tmp_path / "home"))
    assert code == 2
    assert "master.key is missing" in log
    assert not (tmp_path / "home" / "master.key").exists()


def test_without_its_column_store_the_rest_serves_until_it_can_be_opened(tmp_path: Path) -> None:
    engine = EmbeddedEngine(tmp_path / "home" / "columns")
    with contextlib.ExitStack() as held:
        held.callback(engine.close)
        with running(tmp_path / "home") as server:
            server.wait_for("/readyz", status=503)
            assert server.call("GET", "/api/v1/projects", server.root).status == 200
            gateway = by_key((server.home / "gateway.token").read_text().strip())
            name = {"x-penstock-batch": f"{'0' * 31}d-1:0-1"}
            batch = server.call("POST", "/internal/v1/calls", gateway, b"", name)
            assert batch.status >= 500
            ready = server.call("GET", "/readyz")
            assert ready.headers["retry-after"] == "1"
            assert f"pid {os.getpid()}" in ready.json()["checks"]["columns"]
            assert ready.json()["checks"]["database"] == "ok"
            assert server.call("GET", "/api/v1/overview", server.root).status >= 500
            held.close()
            server.wait_for("/readyz", status=200)
            assert server.call("GET", "/api/v1/overview", server.root).status == 200


def test_a_missing_console_is_explained(tmp_path: Path) -> None:
    with running(tmp_path / "home", console=str(tmp_path / "none")) as server:
        page = server.call("GET", "/")
        assert page.status == 200
        assert "make up" in page.body.decode()
        assert server.call("GET", "/traces").status == 404


def test_the_built_console_serves_its_own_pages(tmp_path: Path) -> None:
    console = tmp_path / "console"
    (console / "assets").mkdir(parents=True)
    (console / "index.html").write_text("<title>Penstock</title>")
    (console / "assets" / "app-1234.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    with running(tmp_path / "home", console=str(console)) as server:
        page = {"accept": "text/html"}
        for path in ("/", "/traces/abc", "/keys?x=1"):
            answer = server.call("GET", path, headers=page)
            assert (answer.status, answer.body) == (200, b"<title>Penstock</title>")
            assert answer.headers["cache-control"] == "no-cache"
        asset = server.call("GET", "/assets/app-1234.js")
        assert "immutable" in asset.headers["cache-control"]
        assert server.call("GET", "/assets/none.js").status == 404
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt"):
            assert b"secret" not in server.call("GET", path).body
        assert json.loads(server.call("GET", "/api/none", headers=page).body)["status"] == 404
