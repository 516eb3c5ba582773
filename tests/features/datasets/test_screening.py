"""Personal data in items: flagged, redacted or rejected before anything is stored."""

import pytest

from penstock.features.datasets.assembly import personal_data_screen
from penstock.features.datasets.model import PersonalDataPolicy
from penstock.features.datasets.service.changes import DatasetChanges
from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.items import DatasetItem
from penstock.rules.evaluation.personal_data import find_personal_data
from tests.features.datasets.conftest import Datasets

ANN = DatasetItem(
    "",
    [{"role": "user", "content": "I am ann@example.org, card 4111 1111 1111 1111"}],
    {"to": "+49 30 1234567"},
    ("IBAN DE89 3704 0044 0532 0130 00.",),
)


def with_policy(datasets: Datasets, policy: PersonalDataPolicy) -> Datasets:
    datasets.changes = DatasetChanges(datasets.context, personal_data_screen())
    datasets.service.describe(
        datasets.editor, datasets.project, "faq", description=None, personal_data=policy
    )
    return datasets


def test_it_is_flagged_by_field(datasets: Datasets) -> None:
    with_policy(datasets, PersonalDataPolicy.FLAG).change(ANN, DatasetItem("b", "harmless"))
    ann, other = datasets.reader.items(datasets.project, "faq").items
    assert ann.findings == (
        "input: e-mail address",
        "input: card number",
        "expected: telephone number",
        "context: IBAN",
    )
    assert (ann.item.input, other.findings) == (ANN.input, ())


def test_it_is_redacted_everywhere(datasets: Datasets) -> None:
    with_policy(datasets, PersonalDataPolicy.REDACT).change(ANN)
    (found,) = datasets.reader.items(datasets.project, "faq").items
    assert found.item.input == [
        {"role": "user", "content": "I am [e-mail address], card [card number]"}
    ]
    assert found.item.expected == {"to": "[telephone number]"}
    assert found.item.context == ("IBAN [IBAN].",)
    assert datasets.change(ANN) == 1


def test_it_is_rejected_with_its_place(datasets: Datasets) -> None:
    with_policy(datasets, PersonalDataPolicy.REJECT)
    with pytest.raises(InvalidRequest) as caught:
        datasets.change(DatasetItem("b", "harmless"), ANN)
    assert (caught.value.code, caught.value.param) == ("dataset_personal_data", "items.1.input")
    assert "ann@example.org" not in caught.value.sentence()
    assert datasets.service.get(datasets.project, "faq")[1] is None


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("write to a.b+c@mail.example.co.uk!", ["e-mail address"]),
        ("call +1 (415) 555-2671 or 415-555-2671", ["telephone number"] * 2),
        ("0049 30 901820", ["telephone number"]),
        ("GB82 WEST 1234 5698 7654 32", ["IBAN"]),
        ("GB83 WEST 1234 5698 7654 32", []),
        ("order 1234567890, 2026-11-30, 3.14159265358979, v1.2.3.4", []),
        ("a@b, @example.org, x = y@z", []),
        ("1+2345678901 = ?", []),
    ],
)
def test_forms(text: str, kinds: list[str]) -> None:
    assert [each.kind for each in find_personal_data(text)] == kinds


def test_a_hostile_text_takes_linear_time() -> None:
    for part in ("a.", "+1 ", "1" * 9, "AB12", "a@a."):
        assert len(find_personal_data(part * 50_000)) < 50_000
