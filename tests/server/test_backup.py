"""A backup under load, restored into an empty home: counts, hashes and audit chain are equal."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from features.traces.calls import call, frames
from tests.server.running import SOURCES, Server, by_key, running

pytestmark = pytest.mark.drill

PENSTOCK = Path(sys.executable).with_name("penstock")


class Load:
    """Gateways that ship batches and users who change things, until stopped."""

    def __init__(self, server: Server, project_id: str) -> None:
        self._server = server
        self._project_id = project_id
        self._gateway = by_key((server.home / "gateway.token").read_text().strip())
        self._stop = threading.Event()
        self.batches = 0
        self.keys = 0
        self._threads = [threading.Thread(target=t) for t in (self._ship, self._change)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ship(self) -> None:
        writer = os.urandom(16).hex()
        while not self._stop.is_set():
            calls = [call(self._project_id, time.time_ns()) for _ in range(50)]
            name = f"{writer}-1:{self.batches}-{self.batches + 1}"
            answer = self._server.call(
                "POST",
                "/internal/v1/calls",
                self._gateway,
                frames(calls),
                {"x-penstock-batch": name, "content-type": "application/octet-stream"},
            )
            assert answer.json() == {"stored": 50, "quarantined": 0, "skipped": 0, "kept": 0}
            self.batches += 1

    def _change(self) -> None:
        path = f"/api/v1/projects/{self._project_id}/keys"
        while not self._stop.is_set():
            name = {"name": f"key {self.keys}"}
            assert self._server.call("POST", path, self._server.root, name).status == 201
            self.keys += 1


def _penstock(*arguments: str, home: Path, port: int = 0) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PENSTOCK, *arguments, "--home", str(home), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            "PYTHONPATH": str(SOURCES),
            "PENSTOCK_SERVER_URL": f"http://127.0.0.1:{port}" if port else "",
        },
    )


def _traces(server: Server, project_id: str) -> dict[str, str]:
    """Trace id → hash of the server's response."""
    found: dict[str, str] = {}
    cursor = ""
    while True:
        path = f"/api/v1/traces?project_id={project_id}&limit=200"
        page = server.call("GET", f"{path}&cursor={cursor}" if cursor else path, server.root).json()
        for item in page["items"]:
            found[item["trace_id"]] = _hash(item)
        cursor = page["next_cursor"]
        if not cursor:
            return found


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _keys(server: Server, project_id: str) -> list[str]:
    path = f"/api/v1/projects/{project_id}/keys?limit=500"
    return [item["id"] for item in server.call("GET", path, server.root).json()["items"]]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("backup") / "home") as server:
        server.wait_for("/readyz")
        yield server


@pytest.mark.timeout(180)
def test_a_backup_under_load_restores_to_the_same(original: Server, tmp_path: Path) -> None:
    project_id = original.project_id()
    with Load(original, project_id) as load:
        _until(lambda: load.batches >= 10 and load.keys >= 10)
        made = _penstock("backup", home=original.home, port=original.port)
        assert made.returncode == 0, made.stderr
        batches, keys = load.batches, load.keys
        _until(lambda: load.batches >= batches + 5 and load.keys >= keys + 5)
    written = json.loads(made.stdout)

    home = tmp_path / "restored"
    done = _penstock("restore", written["path"], home=home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == written["rows"]

    with running(home) as restored:
        restored.wait_for("/readyz")
        assert restored.bootstrap == original.bootstrap
        report = restored.call("GET", "/api/v1/audit/verify", restored.root).json()
        assert report["ok"], report
        events, all_events = _events(restored, project_id), _events(original, project_id)
        assert events == all_events[: len(events)]
        assert 10 <= len(events) < len(all_events)
        made_keys = [event["subject"] for event in events if event["action"] == "key.create"]
        assert made_keys == _keys(restored, project_id)
        there, everything = _traces(restored, project_id), _traces(original, project_id)
        assert 500 <= len(there) < len(everything)
        assert len(there) % 50 == 0
        assert all(everything[trace_id] == digest for trace_id, digest in there.items())


def _events(server: Server, project_id: str) -> list[dict[str, Any]]:
    path = f"/api/v1/projects/{project_id}/audit/export"
    return [json.loads(line) for line in server.call("GET", path, server.root).body.splitlines()]


def _until(condition: Any, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture(scope="module")
def backup(original: Server) -> Path:
    original.call(
        "POST", f"/api/v1/projects/{original.project_id()}/keys", original.root, {"name": "app"}
    )
    return Path(original.call("POST", "/api/v1/backup", original.root).json()["path"])


def test_a_backup_is_its_owners_alone(backup: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o700


def test_a_damaged_backup_is_refused_and_leaves_nothing(backup: Path, tmp_path: Path) -> None:
    copy, home = tmp_path / "copy", tmp_path / "home"
    shutil.copytree(backup, copy)
    table = copy / "sql" / "projects.jsonl"
    table.write_bytes(table.read_bytes().replace(b"default", b"changed"))
    refused = _penstock("restore", str(copy), home=home)
    assert refused.returncode == 2
    assert "sql/projects.jsonl was changed, added or removed" in refused.stderr
    shutil.rmtree(copy / "columns")
    assert _penstock("restore", str(copy), home=home).returncode == 2
    (copy / "manifest.json").unlink()
    assert "is not a backup" in _penstock("restore", str(copy), home=home).stderr
    assert not home.exists() or [path.name for path in home.iterdir()] == ["lock"]


def test_a_used_or_running_home_is_refused(original: Server, backup: Path, tmp_path: Path) -> None:
    (tmp_path / "penstock.db").write_bytes(b"")
    refused = _penstock("restore", str(backup), home=tmp_path)
    assert refused.returncode == 2
    assert "is not empty: it has penstock.db" in refused.stderr
    assert "is not empty" in _penstock("restore", str(backup), home=original.home).stderr


def test_a_newer_backup_is_refused(backup: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(backup, copy)
    manifest = json.loads((copy / "manifest.json").read_bytes())
    (copy / "manifest.json").write_text(json.dumps(manifest | {"schema": "9999"}))
    refused = _penstock("restore", str(copy), home=tmp_path / "home")
    assert refused.returncode == 2
    assert "9999" in refused.stderr
