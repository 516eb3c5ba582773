"""How each agent is started without a terminal, in a home of its own, and what its tools are."""

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.conftest import ENVIRONMENT, ROOT

NODE = Path(__file__).parent / "node" / "node_modules" / ".bin"
AIDER = ROOT / ".venv-aider" / "bin" / "aider"
CHECK = f"{sys.executable} -B check.py"
TASK = "Mend the addition in calc.py."


@dataclass(frozen=True)
class Start:
    """A command, its environment, and the answers that lead the agent."""

    command: Sequence[str]
    environment: Mapping[str, str]
    steps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Place:
    """Where an agent runs, and what it calls."""

    home: Path
    repository: Path
    gateway: str
    key: str
    model: str


def prompt(steps: Sequence[Mapping[str, Any]]) -> str:
    """The task, and the answers of the simulator to it."""
    return "\n".join([TASK, *(f"x-sim-step: {json.dumps(step)}" for step in steps)])


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def codex(place: Place) -> Start:
    """OpenAI's agent, by the Responses API. Off: tools that only OpenAI's models have."""
    settings = {
        "model_provider": '"penstock"',
        "model_providers.penstock.name": '"Penstock"',
        "model_providers.penstock.base_url": f'"{place.gateway}/v1"',
        "model_providers.penstock.env_key": '"GATEWAY_KEY"',
        "model_providers.penstock.wire_api": '"responses"',
        "features.multi_agent": "false",
        "web_search": '"disabled"',
    }

    def run(command: str) -> dict[str, Any]:
        return _call("exec_command", cmd=command)

    steps = [
        {"calls": [run("cat calc.py"), run("cat check.py")]},
        {"calls": [run("sed -i s/-/+/ calc.py")]},
        {"calls": [run(CHECK)]},
        {"text": "The addition adds."},
    ]
    command = [
        *(str(NODE / "codex"), "exec", "--dangerously-bypass-approvals-and-sandbox"),
        *("-m", place.model),
        *(word for name, value in settings.items() for word in ("-c", f"{name}={value}")),
        prompt(steps),
    ]
    return Start(command, {"GATEWAY_KEY": place.key}, steps)


def gemini(place: Place) -> Start:
    """Google's agent, by Gemini's API."""
    folder = place.home / ".gemini"
    folder.mkdir()
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    (folder / "settings.json").write_text(json.dumps(settings))
    edit = {"instruction": "Add.", "old_string": "a - b", "new_string": "a + b"}
    steps = [
        {
            "calls": [
                _call("read_file", file_path="calc.py"),
                _call("read_file", file_path="check.py"),
            ]
        },
        {"calls": [_call("replace", file_path="calc.py", **edit)]},
        {"calls": [_call("run_shell_command", command=CHECK)]},
        {"text": "The addition adds."},
    ]
    command = [
        *(str(NODE / "gemini"), "-m", place.model, "--skip-trust", "--yolo"),
        *("-p", prompt(steps)),
    ]
    key = {"GEMINI_API_KEY": place.key, "GOOGLE_GEMINI_BASE_URL": place.gateway}
    return Start(command, key, steps)


def aider(place: Place) -> Start:
    """aider edits by text, runs its test command itself, and mends what that finds. After an edit
    its history has three more answers, which it writes itself: the steps between the edits."""
    caches = place.home / ".aider" / "caches"
    caches.mkdir(parents=True)
    (caches / "model_prices_and_context_window.json").write_text('{"none": {}}')
    steps = [
        {"text": _edit("a - b", "a * b")},
        *[{"text": "Ok."}] * 3,
        {"text": _edit("a * b", "a + b")},
    ]
    quiet = ("check-update", "analytics", "auto-commits", "gitignore", "fancy-input", "pretty")
    command = [
        *(str(AIDER), "--model", f"openai/{place.model}", "--edit-format", "diff"),
        *(f"--no-{name}" for name in (*quiet, "show-model-warnings", "show-release-notes")),
        *("--yes-always", "--map-tokens", "0", "--test-cmd", CHECK, "--auto-test"),
        *("--message", prompt(steps), "calc.py"),
    ]
    key = {"OPENAI_API_KEY": place.key, "OPENAI_API_BASE": f"{place.gateway}/v1"}
    return Start(command, {**key, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}, steps)


def _edit(old: str, new: str) -> str:
    lines = [f"<<<<<<< SEARCH\n    return {old}", f"    return {new}\n>>>>>>> REPLACE"]
    return "calc.py\n```python\n" + "\n=======\n".join(lines) + "\n```"


def pydantic_ai(place: Place) -> Start:
    """An agent of pydantic-ai with three tools, by OpenAI's chat API."""
    steps = [
        {"calls": [_call("read", path="calc.py"), _call("read", path="check.py")]},
        {"calls": [_call("replace", path="calc.py", old="a - b", new="a + b")]},
        {"calls": [_call("run", command=CHECK)]},
        {"text": "The addition adds."},
    ]
    script = Path(__file__).parent / "suites" / "coding_agent.py"
    command = [str(ENVIRONMENT / "python"), str(script), place.model, prompt(steps)]
    key = {"GATEWAY_KEY": place.key, "GATEWAY": place.gateway}
    return Start(command, key, steps)


@dataclass(frozen=True)
class Agent:
    """An agent, its surface, providers of other formats, and what a user sets."""

    label: str
    package: str
    surface: str
    behind: Sequence[str]
    start: Callable[[Place], Start]
    set_up: str


AGENTS = (
    Agent(
        "aider",
        "aider-chat",
        "OpenAI chat",
        ("anthropic", "gemini"),
        aider,
        "`OPENAI_API_BASE=URL/v1`, `OPENAI_API_KEY`, `--model openai/PROVIDER/MODEL`",
    ),
    Agent(
        "Codex CLI",
        "@openai/codex",
        "Responses",
        ("anthropic", "gemini"),
        codex,
        'a `model_provider` with `base_url = "URL/v1"`, `wire_api = "responses"` and `env_key`; '
        '`web_search = "disabled"` and `features.multi_agent = false`, because other formats have '
        "no such tools",
    ),
    Agent(
        "Gemini CLI",
        "@google/gemini-cli",
        "Gemini",
        ("openai", "anthropic"),
        gemini,
        "`GOOGLE_GEMINI_BASE_URL=URL`, `GEMINI_API_KEY`, `-m PROVIDER/MODEL`",
    ),
    Agent(
        "pydantic-ai",
        "pydantic-ai",
        "OpenAI chat",
        ("anthropic", "gemini"),
        pydantic_ai,
        '`OpenAIProvider(base_url="URL/v1", api_key=…)`',
    ),
)


def environment(place: Place, start: Start) -> dict[str, str]:
    """Only what the agent needs, and no way to the network."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(place.home), "LANG": "C.UTF-8"}
    return {**clean, "TERM": "dumb", **start.environment}
