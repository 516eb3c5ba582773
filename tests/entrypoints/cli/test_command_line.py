"""The command line without a server: help, errors in one line, exit codes, settings."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from installation import PENSTOCK, Installation
from penstock.entrypoints.cli.main import COMMANDS, build
from penstock.infra.spool.files import SegmentName
from penstock.infra.spool.frame import Kind
from penstock.infra.spool.frame import encode as encode_frame
from penstock.infra.spool.quarantine import (
    Reason,
    quarantine_batch,
    quarantine_damage,
    quarantine_record,
)
from penstock.rules.call import SCHEMA


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "home")


def test_help_names_every_command_and_imports_none(installation: Installation) -> None:
    command = [str(PENSTOCK.with_name("python")), "-X", "importtime", str(PENSTOCK), "--help"]
    done = subprocess.run(command, env=installation.environment, capture_output=True, check=True)
    assert all(f" {name} ".encode() in done.stdout for name in COMMANDS)
    imported = {line.rpartition(b"|")[2].strip() for line in done.stderr.splitlines()}
    heavy = {b"pydantic", b"asyncio", b"fastapi", b"sqlalchemy", b"chdb", b"uvloop"}
    assert not imported & heavy


@pytest.mark.parametrize(
    ("without", "not_needed"),
    [
        (set(), ("sqlalchemy", "fastapi", "chdb", "cryptography", "genai_prices", "uvloop")),
        ({"prompts", "imports"}, ("jinja2", "regex")),  # these two read templates
    ],
)
def test_commands_do_not_import_what_they_do_not_need(
    without: set[str], not_needed: tuple[str, ...]
) -> None:
    modules = {f"penstock.entrypoints.cli.{name}" for name, _ in COMMANDS.values()}
    named = sorted(modules - {f"penstock.entrypoints.cli.{name}" for name in without})
    code = f"import sys, {', '.join(named)}; print(*(m for m in {not_needed} if m in sys.modules))"
    python = PENSTOCK.with_name("python")
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    result = CliRunner().invoke(build(name), [name, "--help"])
    assert (result.exit_code, "Usage" in result.output) == (0, True)


def test_settings_show_where_each_was_set(installation: Installation) -> None:
    installation.home.mkdir()
    (installation.home / "penstock.toml").write_text("[spool]\nquota_bytes = 9999999\n")
    shown = installation.json("settings")
    assert shown["spool.quota_bytes"] == {
        "value": 9999999,
        "set_by": str(installation.home / "penstock.toml"),
    }
    assert shown["gateway.port"]["set_by"] == "PENSTOCK_GATEWAY__PORT"
    assert shown["host"] == {"value": "127.0.0.1", "set_by": "default"}


def test_settings_hide_secrets(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = installation.environment | {"PENSTOCK_API_KEY": "pk_very_secret"}
    for arguments in (["settings"], ["settings", "--json"]):
        command = [str(PENSTOCK), *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert "pk_very_secret" not in done.stdout
        assert "****" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["key", "list"], 2, "No API key"),
        (["demo"], 2, "There is no application key in"),
        (["demo", "--story"], 2, "There is no application key in"),
        (["nonsense"], 2, "No such command 'nonsense'"),
        (["key", "create"], 2, "Missing argument 'name'"),
        (["gateway", "--server", "http://127.0.0.1:1"], 2, "gateway.token"),
        (["admin", "reset"], 2, "There is no admin yet. Start with `penstock up`."),
    ],
)
def test_errors_are_reported_in_one_line(
    installation: Installation, arguments: list[str], code: int, message: str
) -> None:
    answer = installation.run(*arguments, code=code)
    assert message in answer
    assert "Traceback" not in answer


def test_a_server_that_does_not_answer_is_exit_code_five(installation: Installation) -> None:
    installation.home.mkdir()
    (installation.home / "bootstrap.json").write_text(json.dumps({"api_key": "pk_x"}))
    answer = installation.run("key", "list", code=5)
    assert answer == (
        f"penstock: The server at {installation.server} does not answer. Start it with "
        "`penstock up`, or set PENSTOCK_SERVER_URL.\n"
    )


def test_reset_deletes_only_the_files_that_penstock_created(installation: Installation) -> None:
    (installation.home / "spool").mkdir(parents=True)
    for name in ("penstock.db", "penstock.toml", "mine.txt", "spool/a.spool"):
        (installation.home / name).write_text("")
    assert installation.run("reset", code=1).count("Delete all data") == 1  # not confirmed
    assert (installation.home / "penstock.db").exists()
    deleted = json.loads(installation.run("reset", "--yes", "--json"))["deleted"]
    assert deleted == ["penstock.db", "spool"]
    left = {path.name for path in installation.home.iterdir()}
    assert left == {"penstock.toml", "mine.txt", "lock"}


def test_a_quarantined_batch_is_listed_and_requeued(installation: Installation) -> None:
    spool = installation.home / "spool"
    assert installation.json("spool", "list") == []
    name = f"{'0' * 32}-000001:0-9"
    quarantine_batch(
        spool, b"nine byte", Reason(name, "the server said 413: too large", "2026-11-21")
    )
    quarantine_damage(spool, SegmentName("0" * 32, 1), 9, b"x")
    rejected, corrupt = installation.json("spool", "list")
    assert (rejected["name"], rejected["bytes"], rejected["state"]) == (name, 9, "rejected")
    assert "413" in rejected["detail"]
    assert (corrupt["name"], corrupt["state"]) == (f"{'0' * 32}-000001:9-10", "corrupt")
    assert "no rejected batch" in installation.run("spool", "retry", corrupt["name"], code=4)
    record = f"{name}@17"
    frame = encode_frame(Kind.END, b"a record")
    quarantine_record(spool, frame, Reason(record, "DecodeError", "2026-11-21"))
    assert installation.json("spool", "retry", record) == {"requeued": [record]}
    assert (spool / "unknown" / f"{record.replace(':', '_')}@2.{SCHEMA}.frames").exists()
    quarantine_record(spool, b"damage", Reason(record, "damage", "2026-11-21"))
    assert "no whole record" in installation.run("spool", "retry", record, code=1)
    for file in [*(spool / "unknown").iterdir(), *(spool / "quarantined").iterdir()]:
        file.unlink()
    assert "--all" in installation.run("spool", "retry", code=1)
    assert installation.json("spool", "retry", "--all") == {"requeued": [name]}
    states = {one["name"]: one["state"] for one in installation.json("spool", "list")}
    assert states == {name: "again", corrupt["name"]: "corrupt"}
