"""The lock of a home: one owner, and the addresses of the running installation."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.infra.home import Home
from penstock.infra.home_lock import Addresses, find_running, lock_home
from penstock.kernel.errors import SetupError

ADDRESSES = Addresses("http://127.0.0.1:4001", "http://127.0.0.1:4000")


def test_a_home_is_private_and_has_one_owner(tmp_path: Path) -> None:
    home = tmp_path / "a" / "home"
    lock = lock_home(home)
    assert home.stat().st_mode & 0o777 == 0o700
    with pytest.raises(SetupError) as caught:
        lock_home(home)
    assert str(home) in caught.value.sentence()
    assert f"process {os.getpid()}" in caught.value.sentence()
    lock.release()
    lock_home(home).release()


def test_a_home_that_cannot_be_created_is_a_one_line_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be used: Not a directory"):
        lock_home(tmp_path / "file" / "home")


def test_the_addresses_are_found_while_the_lock_is_held(tmp_path: Path) -> None:
    assert find_running(tmp_path) is None
    lock = lock_home(tmp_path)
    assert find_running(tmp_path) == Addresses()
    lock.publish(ADDRESSES)
    assert find_running(tmp_path) == ADDRESSES
    with pytest.raises(SetupError, match=f"process {os.getpid()}"):
        lock_home(tmp_path)
    lock.release()
    assert find_running(tmp_path) is None
    lock_home(tmp_path).release()


def test_the_addresses_of_a_killed_process_are_not_used(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from penstock.infra.home_lock import Addresses, lock_home\n"
        "lock_home(Path(sys.argv[1])).publish(Addresses('http://127.0.0.1:1'))\n"
        "print('locked', flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        assert find_running(tmp_path) == Addresses("http://127.0.0.1:1")
        process.send_signal(signal.SIGKILL)
    assert find_running(tmp_path) is None
    assert "127.0.0.1:1" in Home(tmp_path).lock.read_text()


@pytest.mark.parametrize(
    "content", ["", "12", "12\n", "12\nnot json\n", '12\n{"port": 1}\n', "12\n[]\n"]
)
def test_an_unreadable_lock_file_has_no_addresses(tmp_path: Path, content: str) -> None:
    lock = lock_home(tmp_path)
    Home(tmp_path).lock.write_text(content)
    assert find_running(tmp_path) == Addresses()
    lock.release()
