"""Reports of a gate: whatever a metric is called, the format holds."""

from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.gates.decision import GateDecision, GateOutcome, ThresholdDecision
from penstock.rules.gates.plan import Threshold
from penstock.rules.gates.reports import github_annotations, junit, markdown

TEXTS = st.text(max_size=40)


def decision_of(outcome: GateOutcome, metric: str, text: str) -> GateDecision:
    one = ThresholdDecision(
        Threshold(metric), outcome, text, 9, 10, 0.5, 0.75, candidate_states={"judge_error": 1}
    )
    return GateDecision(outcome, (one,))


@given(st.sampled_from(GateOutcome), TEXTS, TEXTS, TEXTS)
def test_no_text_breaks_a_format(outcome: GateOutcome, metric: str, text: str, title: str) -> None:
    decision = decision_of(outcome, metric, text)
    suite = ET.fromstring(junit(decision, title).encode("utf-8", "replace"))[0]
    assert suite.get("tests") == "1"
    assert len(suite.findall("testcase")) == 1
    row = markdown(decision, title).splitlines()[-1]
    assert row.replace("\\|", "").count("|") == 7
    command = github_annotations(decision).removesuffix("\n")
    assert "\n" not in command
    assert "\r" not in command


def test_a_regression_is_a_failure_and_what_was_not_measured_an_error() -> None:
    for outcome, tag, word in (
        (GateOutcome.REGRESSION, "failure", "error"),
        (GateOutcome.UNMEASURED, "error", "warning"),
    ):
        decision = decision_of(outcome, "exact: match", "worse, by 5%")
        case = ET.fromstring(junit(decision, "t"))[0][0]
        assert case.find(tag) is not None
        assert github_annotations(decision) == (f"::{word} title=exact%3A match::worse, by 5%25\n")
        assert "9 of 10; 1 judge\\_error \\(candidate\\)" in markdown(decision, "t")
