"""Results of promptfoo (version 3): a run for each prompt and provider."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from penstock.entrypoints.cli.foreign_evaluations.imported import (
    MAX_RUNS,
    ForeignEvaluation,
    ForeignOutput,
    ForeignRun,
    list_of,
    mapping_of,
    metric_name,
    number_of,
    numbered,
    score_of,
)
from penstock.entrypoints.cli.foreign_evaluations.promptfoo_tests import TestCase
from penstock.kernel.digests import content_hash
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.measurements import MAX_REASON_CHARS, Measurement, judge_error

PASSED: Final = "pass"
SCORE: Final = "score"
_ERROR: Final = 2  # `failureReason` where no answer came
ItemOf = Callable[[TestCase], DatasetItem]


def read_results(document: Mapping[str, Any], made: ForeignEvaluation, item_of: ItemOf) -> None:
    """Adds the items and runs of results. Raises `InvalidRequest`."""
    rows = [mapping_of(each) for each in list_of(mapping_of(document["results"]).get("results"))]
    if not rows:
        raise InvalidRequest("The file has no results: it is not of `promptfoo eval -o`.")
    evaluation = str(document.get("evalId") or "")
    ids = _add_items(rows, _repeats(document), made, item_of)
    runs: dict[object, ForeignRun] = {}
    labels: Counter[str] = Counter()
    for row in rows:
        key = row.get("promptIdx")
        if key not in runs:
            if len(runs) >= MAX_RUNS:
                raise InvalidRequest(f"The file has more than {MAX_RUNS} prompts × providers.")
            runs[key] = ForeignRun(_label(evaluation, row, labels))
        runs[key].add(_output(row, ids[_test_of(row)]))
    made.runs = list(runs.values())


def _test_of(row: Mapping[str, Any]) -> Any:
    return row.get("testIdx")


def _repeats(document: Mapping[str, Any]) -> int:
    """Returns how often each test was made: promptfoo numbers repeats as tests of their own."""
    options = mapping_of(mapping_of(document.get("config")).get("evaluateOptions"))
    given = mapping_of(document.get("runtimeOptions")).get("repeat") or options.get("repeat")
    return given if isinstance(given, int) and given > 0 else 1


def _add_items(
    rows: list[Mapping[str, Any]], repeats: int, made: ForeignEvaluation, item_of: ItemOf
) -> dict[Any, str]:
    """Adds an item for each test, and returns their ids by the number of the test. Tests of one
    content are repeats of one item, as many as the evaluation had."""
    cases: dict[Any, TestCase] = {}
    for row in rows:
        cases.setdefault(_test_of(row), _case(row))
    seen: Counter[str] = Counter()
    chosen: dict[Any, int] = {}
    first: dict[tuple[str, int], int] = {}
    items: list[DatasetItem] = []
    for test in sorted(cases, key=_order):
        case = cases[test]
        key = content_hash([_plain(case.variables), _plain(case.asserts), case.description])
        copy = (key, seen[key] // repeats)
        seen[key] += 1
        if copy not in first:
            first[copy] = len(items)
            items.append(item_of(case))
        chosen[test] = first[copy]
    made.items = numbered(items)
    return {test: made.items[at].id for test, at in chosen.items()}


def _order(test: Any) -> tuple[int, str]:
    return (test, "") if isinstance(test, int) else (0, str(test))


def _plain(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def _case(row: Mapping[str, Any]) -> TestCase:
    test = mapping_of(row.get("testCase"))
    return TestCase(
        f"results.testIdx {row.get('testIdx')}",
        mapping_of(row.get("vars")),
        list_of(test.get("assert")),
        str(test.get("description") or ""),
        mapping_of(test.get("metadata")),
    )


def _label(evaluation: str, row: Mapping[str, Any], labels: Counter[str]) -> str:
    provider, prompt = mapping_of(row.get("provider")), mapping_of(row.get("prompt"))
    target = provider.get("label") or provider.get("id") or "target"
    label = f"promptfoo {evaluation}: {target}, {prompt.get('label') or 'prompt'}"[:190]
    labels[label] += 1
    return label if labels[label] == 1 else f"{label} ({labels[label]})"


def _output(row: Mapping[str, Any], item_id: str) -> ForeignOutput:
    response = mapping_of(row.get("response"))
    failed = row.get("failureReason") == _ERROR or "output" not in response
    if failed or response.get("error"):
        error = str(response.get("error") or row.get("error") or "No output.")
        return ForeignOutput(item_id, error=error[:MAX_REASON_CHARS])
    given = response["output"]
    output = given if isinstance(given, str) else msgspec.json.encode(given).decode()
    cached = bool(response.get("cached"))
    return ForeignOutput(
        item_id,
        output,
        latency_ms=None if cached else number_of(row.get("latencyMs")),
        cost_usd=number_of(row.get("cost")) or None,  # 0 is an unknown price
        scores=dict(_scores(row)),
    )


def _scores(row: Mapping[str, Any]) -> Iterator[tuple[str, Measurement]]:
    """Yields the result of the test, and of each metric of its assertions: all of one must pass."""
    grading = mapping_of(row.get("gradingResult"))
    components = [mapping_of(each) for each in list_of(grading.get("componentResults"))]
    reason = str(grading.get("reason") or "")
    lost = next((each for each in components if _is_grader_error(each)), None)
    if lost is not None:
        yield PASSED, judge_error(str(lost.get("reason") or ""))
    else:
        yield PASSED, score_of(bool(row.get("success")), reason)
        yield SCORE, score_of(row.get("score"))
    found: dict[str, Measurement] = {}
    for each in components:
        assertion = mapping_of(each.get("assertion"))
        name = metric_name(str(assertion.get("metric") or assertion.get("type") or "assertion"))
        found[name] = _worse(found.get(name), _component(each))
    own = {PASSED, SCORE}
    yield from ((f"{name}-check" if name in own else name, each) for name, each in found.items())
    for name, value in mapping_of(grading.get("namedScores")).items():
        if metric_name(name) not in found:
            yield metric_name(name), score_of(value)


def _is_grader_error(component: Mapping[str, Any]) -> bool:
    return mapping_of(component.get("metadata")).get("graderError") is True


def _component(component: Mapping[str, Any]) -> Measurement:
    reason = str(component.get("reason") or "")
    if _is_grader_error(component):
        return judge_error(reason)
    passed = component.get("pass")
    return score_of(passed if isinstance(passed, bool) else None, reason)


def _worse(one: Measurement | None, other: Measurement) -> Measurement:
    """Returns what both say together: false if one is, else what has no value."""
    if one is None or one.value is True:
        return other
    if other.value is False and one.value is not False:
        return other
    return one
