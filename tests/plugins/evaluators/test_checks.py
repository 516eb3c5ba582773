"""Checks that items bring themselves."""

from typing import Any

import pytest

from penstock.plugins.evaluators.checks import checks
from penstock.rules.evaluation.measurements import Measurement
from penstock.rules.evaluation.samples import Sample
from penstock.rules.scores.vocabulary import ScoreState
from penstock.spi.measuring import measure
from plugins.evaluators.judges import Answers, NobodyAnswers


async def checked(*wanted: dict[str, Any], output: str = "Paris", **fields: Any) -> Measurement:
    sample = Sample("q1", "Where?", output, metadata={"checks": list(wanted)}, **fields)
    return await measure(checks, sample, {}, NobodyAnswers())


EQUALS = {"kind": "equals", "expected": "Paris"}
LONG = {"kind": "length", "options": {"unit": "characters"}, "least": 10, "name": "long"}
LABEL = {"kind": "language", "labels": ["en"]}
JUDGED = {"kind": "rubric", "options": {"model": "m", "criteria": "c"}}


@pytest.mark.parametrize(
    ("wanted", "state", "value", "says"),
    [
        ([EQUALS], "scored", True, "1 hold."),
        ([EQUALS, LONG], "scored", False, "1 of 2 do not hold: long"),
        ([EQUALS | {"absent": True}], "scored", False, "1 of 1 do not hold: equals"),
        ([LONG | {"absent": True}], "scored", True, "1 hold."),
        ([EQUALS, {"kind": "latency"}], "unmeasured", None, "latency: The sample has no"),
        ([LONG, {"kind": "latency"}], "scored", False, "1 of 2"),
        ([{"kind": "length"}], "unmeasured", None, "needs `least`, `most` or `labels`"),
        ([LABEL], "unmeasured", None, "language"),
        ([JUDGED], "unmeasured", None, "set the option `judged`"),
        ([{"kind": "nothing"}], "unmeasured", None, "No plugin 'nothing'"),
        ([{"kind": "checks"}], "unmeasured", None, "cannot have checks"),
        ([{"kind": "self_contradiction", "options": {"model": "m"}}], "unmeasured", None, "model"),
        ([{"kind": "regex", "options": {"pattern": "("}}], "unmeasured", None, "options are wrong"),
        ([{"no": 1}], "unmeasured", None, "no valid checks"),
        ([], "unmeasured", None, "has no checks"),
        ([EQUALS] * 51, "unmeasured", None, "at most 50 checks"),
    ],
)
async def test_all_checks_hold_or_the_reason_says_which_does_not(
    wanted: list[dict[str, Any]], state: str, value: bool | None, says: str
) -> None:
    found = await checked(*wanted)
    assert (found.state.value, found.value) == (state, value)
    assert says in found.reason


async def test_a_judge_that_does_not_answer_leaves_the_item_undecided() -> None:
    sample = Sample("q1", "Where?", "Paris", metadata={"checks": [EQUALS, JUDGED]})
    lost = await measure(checks, sample, {"judged": True}, NobodyAnswers())
    assert lost.state is ScoreState.INFRASTRUCTURE_ERROR
    unclear = await measure(checks, sample, {"judged": True}, Answers(lambda _: "yes"))
    assert unclear.state is ScoreState.JUDGE_ERROR
    assert checks.facts({"judged": True}).judged
    assert not checks.facts({}).judged
