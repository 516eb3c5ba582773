"""A real server and records of a newer version: kept, shown, and refused only without space."""

import zlib
from pathlib import Path

from penstock.infra.spool.frame import Kind, encode
from penstock.infra.spool.quarantine import UNKNOWN, list_quarantined
from penstock.rules.call import SCHEMA
from server.running import Answer, Server, by_key, running

WRITER = "0" * 32


def newer_record() -> bytes:
    """Encodes a record of a kind that does not exist yet."""
    data = bytearray(encode(Kind.END, b"of a newer version"))
    data[9] = 77
    data[4:8] = zlib.crc32(data[8:]).to_bytes(4, "little")
    return bytes(data)


def ship(server: Server, number: int) -> Answer:
    gateway = by_key((server.home / "gateway.token").read_text().strip())
    name = {"x-penstock-batch": f"{WRITER}-000001:{number}-{number + 1}"}
    return server.call("POST", "/internal/v1/calls", gateway, newer_record(), name)


def test_records_of_a_newer_version_are_acknowledged_and_shown(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.wait_for("/readyz")
        assert server.call("GET", "/readyz").json()["notices"] == []
        answer = ship(server, 1)
        assert (answer.status, answer.json()["kept"]) == (200, 1)
        [notice] = server.call("GET", "/readyz").json()["notices"]
        assert "upgrade the server" in notice
        page = server.call("GET", "/metrics").body.decode()
        assert "penstock_server_unknown_record_files 1\n" in page
        assert "penstock_server_quarantined_records 0\n" in page
        [file] = list_quarantined(server.home / "spool")
        assert (file.state, file.name) == (UNKNOWN, f"{WRITER}-000001:1-2@77.{SCHEMA}")


def test_without_space_the_answer_is_507_and_the_server_stays_ready(tmp_path: Path) -> None:
    with running(tmp_path / "home") as server:
        server.wait_for("/readyz")
        (server.home / "spool").mkdir(exist_ok=True)
        (server.home / "spool" / UNKNOWN).write_text("not a folder")
        answer = ship(server, 1)
        assert answer.status == 507
        assert answer.json()["code"] == "unknown_records_full"
        assert int(answer.headers["retry-after"]) > 0
        assert server.call("GET", "/readyz").status == 200
