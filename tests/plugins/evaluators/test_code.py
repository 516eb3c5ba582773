"""Evaluators of generated code. The commands of these tests isolate nothing: they run tests that
are written here."""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penstock.infra.sandbox import MAX_OUTPUT_BYTES, SandboxCommand
from penstock.kernel.errors import SetupError
from penstock.plugins.evaluators.code import code_security, item_tests
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.measuring import measure
from penstock.spi.sandbox import SandboxedEvaluator
from plugins.evaluators.judges import NobodyAnswers

UNISOLATED = f"{sys.executable} -I {{folder}}/tests.py"
TESTS = "import pathlib\nexec(pathlib.Path(__file__).with_name('answer.py').read_text())\n"


async def secure(output: str, **options: object) -> Measurement:
    return await measure(code_security, Sample("q", output=output), options, NobodyAnswers())


async def run_tests(
    output: str, tests: str, command: str = UNISOLATED, timeout_s: float = 20
) -> Measurement:
    sandboxed = item_tests().within(SandboxCommand(command, timeout_s))
    sample = Sample("q", output=output, metadata={"tests": TESTS + tests})
    return await measure(sandboxed, sample, {}, NobodyAnswers())


async def test_findings_name_line_and_weakness() -> None:
    found = await secure("```python\nimport os\nos.system(x)\neval(y)\n```")
    assert found.value is False
    assert "Line 2 runs a command in a shell. (CWE-78)" in found.reason
    assert [each["line"] for each in found.details["findings"]] == [2, 3]
    assert (await secure("eval(y)", count=True)).value == 1
    assert (await secure("eval(y)", ignored=["eval"])).value is True
    assert (await secure("I cannot write code.")).state is ScoreState.UNMEASURED
    assert "No rule" in code_security.problem_of({"ignored": ["no"]})


async def test_without_a_sandbox_nothing_runs_and_the_reason_says_what_to_set(
    tmp_path: Path,
) -> None:
    evaluator = item_tests()
    assert isinstance(evaluator, SandboxedEvaluator)
    ran = tmp_path / "ran"
    sample = Sample("q", output="", metadata={"tests": f"open({str(ran)!r}, 'w')"})
    found = await measure(evaluator, sample, {}, NobodyAnswers())
    assert found.state is ScoreState.UNMEASURED
    assert "evaluation.sandbox_command" in found.reason
    assert not ran.exists()


async def test_the_items_tests_pass_or_fail_in_the_command() -> None:
    passed = await run_tests(
        "```python\ndef add(a, b):\n    return a + b\n```", "assert add(1, 2) == 3"
    )
    assert (passed.value, passed.reason) == (True, "")
    failed = await run_tests(
        "def add(a, b):\n    return a - b", "assert add(1, 2) == 3, 'wrong sum'"
    )
    assert failed.value is False
    assert "wrong sum" in failed.reason


async def test_the_environment_is_empty_and_the_folder_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_OPERATOR", "x")
    found = await run_tests(
        "x = 1", "import os\nprint(sorted(os.environ), os.getcwd())\nraise SystemExit(1)"
    )
    assert "SECRET" not in found.reason
    folder = found.reason.split()[-1]
    assert "penstock-sandbox-" in folder
    assert not Path(folder).exists()


async def test_a_command_that_takes_too_long_ends_with_all_its_processes(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    start = "import subprocess, time\np = subprocess.Popen(['/bin/sleep', '60'])\n"
    child = f"{start}open({str(pid)!r}, 'w').write(str(p.pid))\n"
    begun = time.monotonic()
    found = await run_tests("x = 1", child + "time.sleep(60)", timeout_s=3)
    assert found.value is False
    assert "too long" in found.reason
    assert time.monotonic() - begun < 30
    state = Path(f"/proc/{pid.read_text()}/stat")
    while state.exists() and state.read_text().split()[2] != "Z":  # the kernel is still at it
        assert time.monotonic() - begun < 30
        await asyncio.sleep(0.01)


async def test_endless_output_is_cut_and_ends_the_command() -> None:
    command = SandboxCommand("/usr/bin/yes", 20)
    found = await command.run({})
    assert found.exit_code is None
    assert len(found.output) == MAX_OUTPUT_BYTES


async def test_a_process_that_left_the_group_delays_nobody(tmp_path: Path) -> None:
    """It has the command's output still open."""
    script = tmp_path / "leave.sh"
    script.write_text("setsid sleep 30 &\necho $! > pid\necho done\n")
    begun = time.monotonic()
    found = await SandboxCommand(f"/bin/sh {script}", 1).run({})
    assert time.monotonic() - begun < 20
    assert (found.exit_code, found.output) == (None, "done\n")


async def test_a_command_that_does_not_start_is_no_failure_of_the_code() -> None:
    found = await run_tests("x = 1", "", command="/bin/sh -c no-such-program")
    assert found.state is ScoreState.INFRASTRUCTURE_ERROR
    with pytest.raises(SetupError, match="names no program"):
        SandboxCommand("no-such-program {folder}", 1)
    with pytest.raises(SetupError, match="cannot be split"):
        SandboxCommand("'", 1)


def _unshare() -> str:
    """A command without network and with other users, if the kernel allows it here."""
    words = [shutil.which("unshare") or "", "--user", "--net", "--map-root-user"]
    if not words[0] or os.name != "posix":
        return ""
    done = subprocess.run([*words, "/bin/true"], check=False, capture_output=True)
    return " ".join(words) if done.returncode == 0 else ""


async def test_code_in_a_namespace_without_network_reaches_nobody() -> None:
    isolation = _unshare()
    if not isolation:
        pytest.skip("unshare is not allowed here")  # needs: user namespaces
    reach = "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 1), 1)\n"
    tests = (
        reach + "except OSError as e:\n    assert e.errno in (101, 111), e\n    print(e.errno)\n"
    )
    found = await run_tests(
        "x = 1", tests + "raise SystemExit(3)", command=f"{isolation} {UNISOLATED}"
    )
    assert found.value is False
    assert "Exit code 3. 101" in found.reason
