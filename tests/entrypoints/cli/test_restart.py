"""`penstock restart` where there is nothing to restart, or nothing that knows how."""

from pathlib import Path

import pytest

from penstock.entrypoints.cli.main import run
from penstock.infra.home_lock import Addresses, RestartState, find_owner, lock_home


def test_without_a_running_installation_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["restart", "--home", str(tmp_path)]) == 2
    assert f"No installation runs in {tmp_path}." in capsys.readouterr().err


def test_a_process_that_knows_no_restarts_gets_no_signal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGUSR2 would end it, and so this test."""
    lock = lock_home(tmp_path)
    lock.publish(Addresses("http://127.0.0.1:1", "http://127.0.0.1:2"))
    assert run(["restart", "--home", str(tmp_path)]) == 2
    assert "without rolling restarts" in capsys.readouterr().err
    lock.release()


def test_the_state_of_a_restart_stands_beside_the_addresses(tmp_path: Path) -> None:
    lock = lock_home(tmp_path)
    lock.publish_restart(RestartState(1, "running", "gateway-1 is new, 1 to restart"))
    lock.publish_restart(RestartState(1))
    lock.publish(Addresses("http://127.0.0.1:1"))
    owner = find_owner(tmp_path)
    assert owner is not None
    assert owner.restart == RestartState(1, "done", "")
    lock.release()
    assert find_owner(tmp_path) is None
