"""Clients that others wrote work through the gateway, over providers of three formats."""

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from clients.conftest import ENVIRONMENT, PROVIDERS, Served
from clients.page import PAGE, clients_page
from clients.results import Result, read_limits, read_results, surprises
from installation import Installation

pytestmark = pytest.mark.clients

HERE = Path(__file__).parent
SUITES = ("langchain", "llama_index", "semantic_kernel", "llm", "instructor", "pydantic_ai")
NODE_MODULES = HERE / "node" / "node_modules"
VERCEL = HERE / "node" / "vercel_calls.mjs"
# Some clients keep one connection pool for all event loops.
_OPTIONS = (
    "asyncio_mode=auto",
    "asyncio_default_test_loop_scope=session",
    "asyncio_default_fixture_loop_scope=session",
)
Run = Callable[[str], Sequence[Result]]


@pytest.fixture(scope="module")
def run(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a suite, once."""
    found: dict[str, Sequence[Result]] = {}

    def once(suite: str) -> Sequence[Result]:
        if suite not in found:
            report = tmp_path_factory.mktemp("reports") / suite
            found[suite] = _run(suite, report, served.penstock)
        return found[suite]

    return once


def _run(suite: str, report: Path, penstock: Installation) -> list[Result]:
    if not (ENVIRONMENT / "python").exists():
        pytest.fail("there is no .venv-clients: run `make clients`")
    if suite == "vercel" and not NODE_MODULES.exists():
        pytest.skip("no Node or no `npm ci` in tests/clients/node")  # needs: node
    command = _node() if suite == "vercel" else _python(suite, report)
    given = {
        "PENSTOCK_GATEWAY": penstock.gateway,
        "PENSTOCK_KEY": penstock.gateway_key,
        "PENSTOCK_BEHIND": ",".join(PROVIDERS),
    }
    clean = {"PATH": os.environ["PATH"], "HOME": str(report.parent), "LANG": "C.UTF-8"}
    quiet = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(HERE / "suites")}
    done = subprocess.run(
        command,
        cwd=HERE / "suites",
        env=clean | quiet | given,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    text = done.stdout if suite == "vercel" else report.read_text() if report.exists() else ""
    assert text, done.stdout[-3000:] + done.stderr[-3000:]
    return read_results(text)


def _python(suite: str, report: Path) -> list[str]:
    plugins = ("report", "pytest_asyncio.plugin", "no:cacheprovider")
    return [
        *(str(ENVIRONMENT / "python"), "-m", "pytest", "-q", "-c", os.devnull),
        *("--rootdir", ".", "--confcutdir", "."),
        *(word for option in _OPTIONS for word in ("-o", option)),
        *(word for plugin in plugins for word in ("-p", plugin)),
        *("--report", str(report), f"{suite}_calls.py"),
    ]


def _node() -> list[str]:
    return ["node", str(VERCEL)]


@pytest.mark.parametrize("suite", [*SUITES, "vercel"])
def test_a_client_of_others(run: Run, suite: str) -> None:
    results = run(suite)
    assert {each.provider for each in results} == set(PROVIDERS)
    assert surprises(results, read_limits()) == []


def test_the_page_shows_the_results(run: Run, pytestconfig: pytest.Config) -> None:
    results = [each for suite in (*SUITES, "vercel") for each in run(suite)]
    page = clients_page(results, read_limits())
    if pytestconfig.getoption("--write-clients"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page
