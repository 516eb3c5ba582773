"""The plugin of pytest: a test measures a function on a dataset, and fails below its thresholds.

    @pytest.mark.penstock(at_least={"equals": 0.9})
    def test_answers(penstock_evaluate):
        penstock_evaluate(answer, "faq", ["equals"])

Each call is an evaluation run on the server; its label is the name of the test.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from penstock.sdk.evaluations import Evaluations

URL: Final = "PENSTOCK_SERVER_URL"
KEY: Final = "PENSTOCK_API_KEY"
MAX_SECONDS: Final = 1800.0  # that a test waits for its run, unless it says otherwise
_LABEL_CHARS: Final = 200
_OPTIONS: Final = frozenset(("at_least", "at_most", "scored"))
Evaluate = Callable[..., dict[str, Any]]


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marker."""
    config.addinivalue_line(
        "markers",
        "penstock(at_least={metric: mean}, at_most={metric: mean}, scored=share): thresholds of "
        "the evaluations of a test; `scored` is the share of samples that must have a value [1.0]",
    )


@pytest.fixture
def penstock_evaluate(request: pytest.FixtureRequest) -> Evaluate:
    """Returns `Evaluations.evaluate` for the server of PENSTOCK_SERVER_URL, as PENSTOCK_API_KEY: a
    function that measures a function. It returns the report, or fails the test. Without the two
    variables the test is skipped."""
    url, key = (os.environ.get(name, "") for name in (URL, KEY))  # noqa: TID251 - nobody can pass them to a plugin of pytest
    if not url or not key:
        pytest.skip(f"No Penstock server is configured: set {URL} and {KEY} (a key, role editor).")
    thresholds = _thresholds(request.node)
    label = request.node.nodeid[-_LABEL_CHARS:]

    def evaluate(function: Callable[[Any], str], dataset: str, *given: Any, **fields: Any) -> Any:
        wait = {"timeout_s": MAX_SECONDS, "label": label}
        report = Evaluations(url, key).evaluate(function, dataset, *given, **(wait | fields))
        if problems := problems_of(report, **thresholds):
            run = report["run"]["id"]
            lines = "\n".join(f"  {each}" for each in problems)
            pytest.fail(f"{dataset}:\n{lines}\nSee it: penstock eval show {run}", pytrace=False)
        return report

    return evaluate


def _thresholds(node: Any) -> dict[str, Any]:
    """Returns the thresholds of the markers; the closest wins. Raises `pytest.UsageError`."""
    found: dict[str, Any] = {}
    for mark in reversed(list(node.iter_markers("penstock"))):
        if mark.args or not _OPTIONS.issuperset(mark.kwargs):
            raise pytest.UsageError(
                f"The marker penstock takes {', '.join(sorted(_OPTIONS))}, by name."
            )
        found |= mark.kwargs
    return found


def problems_of(
    report: Mapping[str, Any],
    *,
    at_least: Mapping[str, float] | None = None,
    at_most: Mapping[str, float] | None = None,
    scored: float = 1.0,
) -> list[str]:
    """Returns what a report does not reach. A metric that the run does not have is a problem, and
    so is one with fewer values than the share `scored` of its samples."""
    metrics = {each["name"]: each for each in report["metrics"]}
    problems: list[str] = []
    for bounds, is_least in ((at_least or {}, True), (at_most or {}, False)):
        for name, bound in bounds.items():
            if name not in metrics:
                problems.append(f"{name}: the run has no such metric, only {', '.join(metrics)}")
            elif problem := _problem(metrics[name], bound, is_least=is_least, scored=scored):
                problems.append(f"{name}: {problem}")
    return problems


def _problem(metric: Mapping[str, Any], bound: float, *, is_least: bool, scored: float) -> str:
    mean = metric["estimate"]["mean"]
    states = {name: count for name, count in metric["states"].items() if name != "scored"}
    others = "".join(f", {count} {name}" for name, count in states.items())
    counted = f"{metric['scored']} of {metric['samples']} scored{others}"
    if mean is None:
        return f"no mean ({counted})"
    if metric["scored"] < scored * metric["samples"]:
        return f"too few values ({counted})"
    if (mean < bound) if is_least else (mean > bound):
        return f"{mean:.4g} is {'below' if is_least else 'above'} {bound:g} ({counted})"
    return ""
