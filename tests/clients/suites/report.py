"""A pytest plugin that writes each result to a file, as one JSON document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from over import Over

_DOWNLOADS = Path(__file__).parent / "downloads"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", type=Path, required=True)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Report(config.getoption("--report")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "over" in metafunc.fixturenames and metafunc.cls is None:
        metafunc.parametrize("over", metafunc.module.OVER, ids=str)


class _Report:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._results: list[dict[str, Any]] = []

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function) -> Iterator[Any]:
        report: pytest.TestReport = yield
        if report.when == "call" or report.outcome != "passed":
            self._add(item, report)
        return report

    def _add(self, item: pytest.Function, report: pytest.TestReport) -> None:
        over: Over = item.cls.over if item.cls else item.callspec.params["over"]
        reason = str(report.longrepr[2]) if report.skipped else report.longreprtext[-3000:]
        self._results.append(
            {
                "row": over.row,
                "provider": over.provider,
                "test": item.name if item.cls else item.originalname,
                "outcome": report.outcome,
                "reason": reason,
            }
        )

    def pytest_sessionfinish(self) -> None:
        self._path.write_text(json.dumps(self._results))
