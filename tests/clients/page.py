"""Writes docs/clients.md from the results of the suites and the known limits."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from clients.agents import AGENTS, Agent
from clients.results import Limit, Result, key, skipped

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "clients.md"
# The package of a client, if the table calls it by another name.
_PACKAGES = {
    "AI SDK": "ai",
    "LlamaIndex": "llama-index-core",
    "Semantic Kernel": "semantic-kernel",
}
_INTRO = """\
# Clients that others wrote

Each client calls the gateway as its users do: it gets the gateway's URL and a virtual key. Behind
the gateway is the [simulator](simulator.md) as a provider of three formats, so that each client
meets a provider of its own format and of others. `langchain` brings its own standard tests of chat
models; the other clients chat, stream, use tools (with parallel calls) and ask for structured
output. The official clients are on [another page](clients-and-providers.md). A client that takes a
model's name with a slash as a path, as the AI SDK does for Gemini, gets `models/PROVIDER/MODEL`.

`make clients` runs them. `make clients ARGS=--write-clients` writes this page; a run without it
fails if a result differs from the page.

| client | version | provider `openai` | `anthropic` | `gemini` |
|---|---|---|---|---|"""

_AGENTS = """
## Coding agents

Each agent reads a small repository, edits a file, runs a command and ends, without a terminal, in a
home of its own. The simulator leads it by [steps](simulator.md#steps), so that a turn that is lost
or out of order fails. Behind the gateway is a provider of another format; the trace has the whole
conversation. `tests/clients/agents.py` has each command.

| agent | version | surface | providers | set-up |
|---|---|---|---|---|"""

_TOOLS = """
## Evaluation tools and libraries

Tools take models from the gateway, and their results are [imported](imports.md); libraries measure
in the worker, with models of the gateway, as [evaluators](evaluators.md#metrics-of-other-libraries)
whose scores are compared with their own. promptfoo is run by `make promptfoo` alone, because it
brings 265 MB of packages.

| tool or library | version | as |
|---|---|---|"""
_TOOL_ROWS = {
    "inspect-ai": "client, evaluator `inspect`",
    "promptfoo": "client",
    "ragas": "evaluator `ragas`",
    "deepeval": "evaluator `deepeval`",
    "trulens-feedback": "evaluator `trulens`",
}


def clients_page(results: Sequence[Result], limits: Sequence[Limit]) -> str:
    """The whole page."""
    rows = list(dict.fromkeys(result.row for result in results))
    return "\n".join(
        [
            _INTRO,
            *(_row(row, results) for row in rows),
            "\n## What does not pass\n",
            "| client | provider | tests | limit of | reason |",
            "|---|---|---|---|---|",
            *(_limit(limit) for limit in limits),
            "\n## What is not run\n",
            "The client says that it does not support this.\n",
            "| client | tests | reason |",
            "|---|---|---|",
            *_skips(results),
            _AGENTS,
            *(_agent(agent) for agent in AGENTS),
            _TOOLS,
            *(f"| {name} | {_version(name)} | {role} |" for name, role in _TOOL_ROWS.items()),
            "",
        ]
    )


def _row(row: str, results: Sequence[Result]) -> str:
    cells = " | ".join(_count(row, name, results) for name in ("openai", "anthropic", "gemini"))
    return f"| {row} | {_version(row.partition(',')[0])} | {cells} |"


def _count(row: str, provider: str, results: Sequence[Result]) -> str:
    ran = [
        each.outcome
        for each in results
        if key(each)[:2] == (row, provider) and each.outcome != "skipped"
    ]
    return f"{ran.count('passed')} of {len(ran)}"


def _limit(limit: Limit) -> str:
    tests = ", ".join(f"`{test}`" for test in limit.tests)
    rows, providers = "; ".join(limit.rows), ", ".join(limit.providers)
    return f"| {rows} | {providers} | {tests} | {limit.whose} | {limit.reason} |"


def _skips(results: Sequence[Result]) -> Iterator[str]:
    for (row, reason), tests in skipped(results).items():
        names = ", ".join(f"`{test}`" for test in sorted(tests))
        yield f"| {row} | {names} | {reason} |"


def _agent(agent: Agent) -> str:
    behind = ", ".join(f"`{name}`" for name in agent.behind)
    version = _version(agent.package)
    return f"| {agent.label} | {version} | {agent.surface} | {behind} | {agent.set_up} |"


def _version(name: str) -> str:
    package = _PACKAGES.get(name, name)
    locked = "".join(
        (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
        for name in ("clients", "aider", "evaluators")
    )
    found = re.search(rf"^{re.escape(package)}(?:\[.*\]|-slim\[.*\])?==(\S+)", locked, re.MULTILINE)
    if found is not None:
        return found[1]
    for folder in ("node", "promptfoo"):
        lock = json.loads((ROOT / f"tests/clients/{folder}/package-lock.json").read_text("utf-8"))
        if row := lock["packages"].get(f"node_modules/{package}"):
            return row["version"]
    raise KeyError(package)
