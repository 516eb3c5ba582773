"""Results are selected by what was measured of them, and compared by one metric or all."""

import pytest

from penstock.features.evaluations.model import TargetAnswer
from penstock.features.evaluations.selection import ResultOrder, ResultSelection
from penstock.features.evaluations.service.runs import UploadedOutput
from penstock.kernel.errors import InvalidRequest
from penstock.rules.scores.vocabulary import ScoreState
from tests.features.evaluations.conftest import Evaluated


def started(evaluated: Evaluated, outputs: list[str]) -> str:
    """Starts a run of recorded outputs that the evaluator `equals` measures."""
    run = evaluated.start("equals", waits=True)
    rows = [UploadedOutput(f"i{at}", 0, TargetAnswer(text)) for at, text in enumerate(outputs)]
    evaluated.service.upload(evaluated.project, run, rows)
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    evaluated.run_jobs()
    return run


def chosen(evaluated: Evaluated, run: str, selection: ResultSelection) -> list[str]:
    """Returns the items that a selection chooses."""
    found = evaluated.results.selected(evaluated.project, run, selection, 0, 100)
    return [each.item_id for each in found]


def test_results_are_selected_by_value_state_and_slice(evaluated: Evaluated) -> None:
    evaluated.fill(12)
    run = started(evaluated, [str(at % 5) for at in range(12)])
    wrong = ResultSelection("equals", value="false")
    assert chosen(evaluated, run, wrong) == [f"i{at}" for at in range(5, 12)]
    german = ResultSelection("equals", value="false", slices={"lang": "de"})
    assert chosen(evaluated, run, german) == ["i5", "i7", "i9", "i11"]
    assert chosen(evaluated, run, ResultSelection("equals", [ScoreState.UNMEASURED])) == []
    assert len(chosen(evaluated, run, ResultSelection(slices={"lang": "en"}))) == 6
    worst = chosen(evaluated, run, ResultSelection("equals", order=ResultOrder.WORST))
    assert set(worst[:7]) == {f"i{at}" for at in range(5, 12)}
    best = chosen(evaluated, run, ResultSelection("equals", order=ResultOrder.BEST))
    assert best[:5] == [f"i{at}" for at in range(5)]


def test_a_selection_by_a_metric_that_the_run_has_not_says_which_it_has(
    evaluated: Evaluated,
) -> None:
    evaluated.fill(1)
    run = started(evaluated, ["0"])
    with pytest.raises(InvalidRequest, match="no metric 'other'") as error:
        chosen(evaluated, run, ResultSelection("other"))
    assert "equals" in error.value.hint
    with pytest.raises(InvalidRequest, match="name it"):
        chosen(evaluated, run, ResultSelection(value="true"))


def test_items_that_differ_in_one_metric_of_a_slice(evaluated: Evaluated) -> None:
    evaluated.fill(10)
    first = started(evaluated, [str(at) for at in range(10)])
    second = started(evaluated, [str(at if at % 3 else "x") for at in range(10)])
    selection = ResultSelection("equals", slices={"lang": "de"})
    pair = (first, second)
    found = evaluated.results.regressions(evaluated.project, pair, selection, 0, 10)
    assert [(each.item_id, each.advantage) for each in found] == [("i3", -1.0), ("i9", -1.0)]
    best = ResultSelection("equals", order=ResultOrder.BEST)
    turned = evaluated.results.regressions(evaluated.project, (second, first), best, 0, 10)
    assert {each.item_id for each in turned} == {"i0", "i3", "i6", "i9"}
    skipped = evaluated.results.regressions(evaluated.project, pair, selection, 1, 10)
    assert [each.item_id for each in skipped] == ["i9"]
