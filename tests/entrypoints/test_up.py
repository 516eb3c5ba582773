"""`penstock up`: serves, restarts processes, reports errors in one line, cleans up."""

import os
import re
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from installation import PENSTOCK, Installation, alive, wait_until
from penstock.entrypoints.up.probe import get
from penstock.infra.settings import KEY_PREFIX

pytestmark = pytest.mark.drill


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    it = Installation(tmp_path / "home")
    yield it
    it.kill()


def first_answer_s(installation: Installation) -> float:
    """Seconds from the command to the first answered call."""
    begun = time.monotonic()
    installation.start(wait=False)
    installation.wait_for((installation.home / "bootstrap.json").exists)
    installation.wait_for(installation.answers)
    return time.monotonic() - begun


def test_it_starts_answers_stops_and_starts_again(installation: Installation) -> None:
    first = first_answer_s(installation)
    installation.wait_for(lambda: "Press Ctrl-C to stop." in installation.output)
    assert installation.gateway_key in installation.output
    assert installation.gateway_key.startswith(KEY_PREFIX)
    assert installation.key not in installation.output  # the admin key of the command line
    kept = installation.home / "bootstrap.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(installation.home.stat().st_mode) == 0o700
    children = installation.children()
    assert installation.stop() == 0
    assert not any(map(alive, children.values()))

    second = first_answer_s(installation)
    installation.wait_for(lambda: "Press Ctrl-C to stop." in installation.output)
    assert installation.gateway_key not in installation.output
    print(f"\nfirst start to first answer {first:.2f} s, second {second:.2f} s")


def readiness(installation: Installation) -> int:
    """The status of one worker's `/readyz`; 0 if nothing listens."""
    with suppress(OSError):
        return get("127.0.0.1", installation.gateway_port, "/readyz")[0]
    return 0


def test_no_worker_serves_without_configuration(installation: Installation) -> None:
    """It reports readiness once all workers are ready; until then no caller gets an error."""
    installation.start("--workers", "3", wait=False)
    statuses = {0}

    def reported_ready() -> bool:
        statuses.add(readiness(installation))
        return "Press Ctrl-C to stop." in installation.output

    installation.wait_for(reported_ready)
    assert statuses <= {0, 200}
    assert {readiness(installation) for _ in range(30)} == {200}
    assert (
        len(list((installation.home / "run").iterdir())) == 3
    )  # the metrics pages of the running workers


def test_no_process_shows_its_config(installation: Installation) -> None:
    installation.start()
    for pid in installation.children().values():
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert command.endswith(b"\0-\0")


def test_the_printed_curl_command_works(installation: Installation) -> None:
    for _ in ("with the key itself", "with a command that prints the key"):
        installation.start()
        lines = re.search(r"  (curl .*?\n.*?\n.*?\n.*?')\n", installation.output, re.DOTALL)
        assert lines is not None, installation.output
        pasted = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", lines[1].replace("curl ", "curl -fsS ", 1)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert '"role":"assistant"' in pasted.stdout.replace(" ", ""), pasted
        assert installation.stop() == 0


@pytest.mark.parametrize("module", ["gateway", "server", "sim"])
def test_a_killed_process_is_restarted_at_once(installation: Installation, module: str) -> None:
    installation.start()
    before = installation.children()[module]
    os.kill(before, signal.SIGKILL)
    installation.wait_for(lambda: installation.children().get(module, before) != before)
    installation.wait_for(installation.answers)
    others = {name: pid for name, pid in installation.children().items() if name != module}
    assert all(map(alive, others.values()))
    names = {"gateway": "gateway-1", "sim": "simulator"}
    assert f"{names.get(module, module)} ended (SIGKILL)" in installation.output


def test_the_gateway_answers_while_the_server_is_stopped(installation: Installation) -> None:
    installation.start()
    server = installation.children()["server"]
    os.kill(server, signal.SIGSTOP)
    try:
        assert installation.answers()
    finally:
        os.kill(server, signal.SIGCONT)


def test_a_killed_supervisor_leaves_no_process_and_a_new_one_starts_at_once(
    installation: Installation,
) -> None:
    installation.start()
    children = installation.children()
    assert installation.process is not None
    installation.process.kill()
    installation.process.wait()
    wait_until(lambda: not any(map(alive, children.values())), seconds=3)
    installation.start()
    assert installation.answers()


def test_ctrl_c_lets_a_call_finish(installation: Installation) -> None:
    installation.start()
    slow = {"model": "sim/sim-small", "stream": True, "max_tokens": 60}
    slow |= {"messages": [{"role": "user", "content": "Hello!"}]}
    command = ["curl", "-sS", "-N", f"{installation.gateway}/v1/chat/completions"]
    command += ["-H", f"Authorization: Bearer {installation.key}"]
    command += ["-H", "Content-Type: application/json", "-d", str(slow).replace("'", '"')]
    command[-1] = command[-1].replace("True", "true")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        assert caller.stdout.readline().startswith("data:")
        assert installation.stop(signal.SIGINT) == 0
        assert caller.stdout.read().endswith("data: [DONE]\n\n")


def test_a_second_instance_names_the_process_that_holds_the_home(
    installation: Installation,
) -> None:
    installation.start()
    assert installation.process is not None
    answer = installation.run("up", code=2)
    assert answer == (
        f"penstock: The home {installation.home} is in use by process "
        f"{installation.process.pid}. Stop that one, or choose another home with --home or "
        "PENSTOCK_HOME.\n"
    )


@pytest.mark.parametrize("which", ["gateway", "server"])
def test_a_port_in_use_is_reported_in_one_line(installation: Installation, which: str) -> None:
    port = installation.gateway_port if which == "gateway" else installation.server_port
    with socket.create_server(("127.0.0.1", port), reuse_port=True):
        answer = installation.run("up", code=2)
    assert answer == (
        f"penstock: Port {port} on 127.0.0.1 is in use by another program. Stop it, or choose "
        f"another port with --{which}-port.\n"
    )


def test_invalid_settings_are_reported_in_one_line(installation: Installation) -> None:
    installation.home.mkdir()
    (installation.home / "penstock.toml").write_text("port = = 1\n")
    answer = installation.run("up", code=2)
    assert answer.startswith(f"penstock: {installation.home}/penstock.toml is not valid TOML:")
    assert answer.count("\n") == 1


def test_a_damaged_secret_ends_the_start_with_the_reason(installation: Installation) -> None:
    installation.home.mkdir()
    (installation.home / "gateway.token").write_text("not hex")
    answer = installation.run("up", code=2)
    assert "gateway.token" in answer
    assert "Traceback" not in answer


def test_gateway_and_server_run_with_separate_homes(
    installation: Installation, tmp_path: Path
) -> None:
    installation.start("--no-demo")
    apart = Installation(tmp_path / "elsewhere")
    apart.home.mkdir()
    token = (installation.home / "gateway.token").read_bytes()
    (apart.home / "gateway.token").write_bytes(token)
    command = [str(PENSTOCK), "gateway", "--server", installation.server]
    with subprocess.Popen(command, env=apart.environment, stdout=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        line = it.stdout.readline()
        assert line == (
            f"The gateway listens at {apart.gateway}/v1 and uses the server at "
            f"{installation.server}.\n"
        )
        it.terminate()
        assert it.wait(10) == 0


def test_no_demo_prints_how_to_add_a_provider(installation: Installation) -> None:
    installation.start("--no-demo")
    assert "provider add NAME --base-url URL" in installation.output
    assert "sim" not in installation.children()
