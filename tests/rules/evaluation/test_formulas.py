"""Classification, claims, tools and prose against published values, or worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.evaluation.claims import (
    context_precision,
    cosine,
    mean_of_known,
    noise_sensitivity,
    share,
)
from penstock.rules.evaluation.classification import Labelled, classification_figures
from penstock.rules.evaluation.measurements import scored, unmeasured
from penstock.rules.evaluation.metrics import MetricSummary
from penstock.rules.evaluation.pairwise import OrderCounts
from penstock.rules.evaluation.prose import (
    citations,
    declines,
    readability,
    readability_by_counts,
    syllables,
)
from penstock.rules.evaluation.samples import SampleToolCall
from penstock.rules.evaluation.summaries import MAX_LABELS, summarize
from penstock.rules.evaluation.tool_use import (
    argument_share,
    covers_call,
    expected_calls,
    in_any_order,
    in_order,
    same_call,
    same_name,
)
from penstock.rules.statistics.intervals import wilson


def test_classification_as_in_the_documentation_of_scikit_learn() -> None:
    """classification_report: y_true 0 1 2 2 2, y_pred 0 0 2 2 1: precision .5 0 1, recall 1 0 .67,
    f1 .67 0 .8, macro .49; matthews_corrcoef 0.4286 by hand: (3·5 - (2 + 1 + 6)) / 14 = 6 / 14."""
    pairs = zip("01222", "00221", strict=True)
    found = classification_figures(Labelled(*each) for each in pairs)
    rates = [(each.precision, each.recall, each.f1) for each in found.labels]
    estimates = [tuple(getattr(value, "estimate", value) for value in each) for each in rates]
    assert estimates == [
        pytest.approx((0.5, 1.0, 2 / 3)),
        pytest.approx((0.0, 0.0, 0.0)),
        pytest.approx((1.0, 2 / 3, 0.8)),
    ]
    assert found.macro_f1 == pytest.approx(0.4889, abs=1e-4)
    assert found.accuracy is not None
    assert found.accuracy.estimate == 0.6
    assert found.mcc == pytest.approx(6 / (14 * 16) ** 0.5)
    assert found.confusion == (("0", "0", 1), ("1", "0", 1), ("2", "1", 1), ("2", "2", 2))


def test_figures_without_a_denominator_are_none() -> None:
    found = classification_figures([])
    assert (found.size, found.accuracy, found.macro_f1, found.mcc) == (0, None, None, None)
    one = classification_figures([Labelled("a", "b")])
    assert [(each.label, each.precision is None, each.recall is None) for each in one.labels] == [
        ("a", True, False),
        ("b", False, True),
    ]


def test_claims() -> None:
    """RAGAS's documentation: 1 of 2 claims: 0.5; useful at places 2 and 3 of 3: (1/2 + 2/3) / 2."""
    assert share([True, False]) == 0.5
    assert share([]) is None
    assert context_precision([False, True, True]) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert context_precision([False, False]) == 0
    assert context_precision([]) is None
    right, relevant, other = [True, False, False], [True, True, False], [False, True, True]
    assert noise_sensitivity(right, relevant, other, relevant=True) == pytest.approx(1 / 3)
    assert noise_sensitivity(right, relevant, other, relevant=False) == pytest.approx(1 / 3)
    assert noise_sensitivity([], [], [], relevant=True) is None
    assert cosine([1, 2, 2], [2, 4, 4]) == pytest.approx(1)
    assert cosine([1, 0], [0, 3]) == 0
    assert cosine([0, 0], [1, 1]) is None
    assert mean_of_known([None, 1.0, 0.0]) == 0.5
    assert mean_of_known([None]) is None


SEARCH, PAY, MAIL = (SampleToolCall(each, {"a": 1}) for each in ("search", "pay", "mail"))


def test_tools() -> None:
    assert in_order((SEARCH, PAY, MAIL), (SEARCH, MAIL, PAY), same_call)[:3] == (2, 1, 1)
    assert in_any_order((SEARCH, PAY, MAIL), (SEARCH, MAIL, PAY), same_call)[:3] == (3, 0, 0)
    assert in_order((SEARCH, SEARCH, PAY), (SEARCH, PAY), same_name)[:3] == (2, 0, 1)
    assert in_order((SEARCH,), (SEARCH, PAY), same_call).f1 == pytest.approx(2 / 3)
    assert in_order((), (), same_call).f1 == 1
    more = SampleToolCall("pay", {"a": 1, "b": 2})
    assert covers_call(more, PAY)
    assert not same_call(more, PAY)
    assert argument_share(more, PAY) == 0.5
    assert argument_share(SampleToolCall("x"), SampleToolCall("x")) == 1
    plain, wide = SampleToolCall("pay"), SampleToolCall("pay", {"b": 2})
    assert in_any_order((wide, more), (plain, wide), same_call).matched == 2
    assert expected_calls('["search", {"name": "pay", "arguments": "{\\"a\\": 1}"}]') == (
        SampleToolCall("search"),
        PAY,
    )
    assert expected_calls("search") is None
    assert expected_calls([1]) is None


def test_readability() -> None:
    """13 words, 1 sentence, 24 syllables: "The Australian platypus is seemingly a hybrid of a
    mammal and reptilian creature", Wikipedia on Flesch and Kincaid: 37.5, grade 11.3;
    "The cat sat on the mat.": 116 and -1.45."""
    found = readability_by_counts(13, 1, 24)
    assert (round(found.ease, 1), round(found.grade, 1)) == (37.5, 11.3)
    easy = readability("The cat sat on the mat.")
    assert easy is not None
    assert (round(easy.ease), round(easy.grade, 2)) == (116, -1.45)
    assert readability("12 34") is None
    assert [syllables(each) for each in ("cat", "table", "make", "reading", "the")] == [
        1,
        2,
        1,
        2,
        1,
    ]


def test_citations() -> None:
    found = citations("So it is [1]. More [2, 4] and [a link](http://x) [see below].", {"1", "2"})
    assert found == (("1", "2"), ("4",))
    assert citations("As said【doc-7】.", {"doc-7"}).resolved == ("doc-7",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I'm sorry, but I can't help with that.", True),
        ("I cannot assist with this request.", True),
        ("Ich kann Ihnen dabei leider nicht helfen.", True),
        ("Lo siento, pero no puedo ayudar.", True),
        ("You cannot park here. I can help you find a place.", False),
        ("The answer is 4.", False),
    ],
)
def test_phrases_that_decline(text: str, found: bool) -> None:
    assert declines(text) is found


def test_summaries_count_what_is_scored() -> None:
    labels = [scored(True, expected="a", predicted="a"), unmeasured("nothing")]
    found = summarize(MetricSummary.CLASSIFICATION, labels)
    assert found is not None
    assert found.classification is not None
    assert found.classification.size == 1
    fields = [scored(0.5, fields={"x": True, "y": False}), scored(1.0, fields={"x": True})]
    got = summarize(MetricSummary.FIELDS, fields)
    assert got is not None
    counts = [(each.field, each.right, each.size) for each in got.fields]
    assert counts == [("x", 2, 2), ("y", 0, 1)]
    orders = [scored(0.5, orders=["first", "first"]), scored(0.5, orders=[])]
    ordered = summarize(MetricSummary.ORDER, orders)
    assert ordered is not None
    assert ordered.order == OrderCounts(0, 1, 0, 1, 0, 1.0)
    assert summarize(MetricSummary.NONE, labels) is None


def test_details_of_another_shape_do_not_count() -> None:
    odd = [scored(True), scored(True, expected=3, predicted="a"), scored(True, fields="x")]
    for kind in MetricSummary:
        assert summarize(kind, odd) is None


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1))
def test_the_accuracy_stays_exact_beyond_the_labels_that_are_kept(
    pairs: list[tuple[int, int]],
) -> None:
    filled = [(at, at) for at in range(MAX_LABELS - 1)] + pairs
    measured = [scored(one == two, expected=f"l{one}", predicted=f"l{two}") for one, two in filled]
    found = summarize(MetricSummary.CLASSIFICATION, measured)
    assert found is not None
    figures = found.classification
    assert figures is not None
    assert figures.accuracy == wilson(sum(one == two for one, two in filled), len(filled))
    assert len(figures.labels) <= MAX_LABELS + 2
