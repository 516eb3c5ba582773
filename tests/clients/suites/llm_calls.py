"""`llm`, by its command line: models of its file `extra-openai-models.yaml`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from llm.cli import cli
from over import DESCRIBE, GATEWAY, HELLO, KEY, TWICE, Over, each

CHAT, RESPONSES = "llm", "llm, Responses"
OVER = list(each(CHAT, RESPONSES))
FUNCTION = """
def magic(input: int) -> int:
    with open({path!r}, "a") as file:
        file.write(f"{{input}}\\n")
    return input + 2
"""


class Command:
    """The command with an own home."""

    def __init__(self, home: Path, over: Over) -> None:
        self._environment = {"LLM_USER_PATH": str(home)}
        self._model = over.model
        entry = {
            "model_id": over.model,
            "model_name": over.model,
            "api_base": f"{GATEWAY}/v1",
            "api_key_name": "gateway",
            "supports_tools": True,
            "supports_schema": True,
            "responses": over.row == RESPONSES,
        }
        (home / "extra-openai-models.yaml").write_text(json.dumps([entry]))
        (home / "keys.json").write_text(json.dumps({"gateway": KEY}))

    def run(self, *arguments: str) -> str:
        command = ["prompt", "-m", self._model, *arguments]
        done = CliRunner().invoke(cli, command, env=self._environment)
        assert done.exit_code == 0, done.output
        return done.output


@pytest.fixture
def command(tmp_path: Path, over: Over) -> Command:
    return Command(tmp_path, over)


def test_chat(command: Command) -> None:
    assert command.run("--no-stream", HELLO).strip()


def test_stream(command: Command) -> None:
    assert command.run(HELLO).strip()


def test_parallel_tools(command: Command, tmp_path: Path) -> None:
    called = tmp_path / "called"
    output = command.run("--functions", FUNCTION.format(path=str(called)), "--no-stream", TWICE)
    assert output.strip()
    first, _ = called.read_text().split()
    assert first == "3"


def test_structured_output(command: Command) -> None:
    city = command.run("--schema", "name, inhabitants int", "--no-stream", DESCRIBE)
    assert json.loads(city) == {"name": "Köln", "inhabitants": 1086000}
