"""`card_numbers`: which numbers are those of cards."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.plugins.guards.card_numbers import CardNumbers, create

# The test numbers that payment providers publish.
VALID = (
    *("4111111111111111", "4012888888881881", "4222222222222", "4000056655665556"),  # Visa
    *("5555555555554444", "5105105105105100", "2223003122003222"),  # Mastercard
    *("378282246310005", "371449635398431"),  # American Express
    *("6011111111111117", "6011000990139424"),  # Discover
    *("3056930009020004", "36227206271667"),  # Diners Club
    *("3566002020360505", "3530111333300000"),  # JCB
    *("6200000000000005", "6759649826438453"),  # UnionPay, Maestro
)


def found(text: str) -> list[str]:
    findings, _ = CardNumbers().scan(text, 0, whole=True)
    return [text[each.start : each.end] for each in findings]


@pytest.mark.parametrize("number", VALID)
def test_a_number_is_found_alone_and_in_groups(number: str) -> None:
    grouped = [number[at : at + 4] for at in range(0, len(number), 4)]
    for written in (number, " ".join(grouped), "-".join(grouped), "\u00a0".join(grouped)):
        for text in (written, f"pay with {written}.", f"card:{written}, 12/29", f"({written})"):
            assert found(text) == [written]
            assert CardNumbers().may_be_in(text.encode())


@given(st.sampled_from(VALID), st.integers(0, 18), st.integers(1, 9))
def test_one_wrong_digit_is_no_card_number(number: str, at: int, difference: int) -> None:
    at %= len(number)
    wrong = str((int(number[at]) + difference) % 10)
    assert found(number[:at] + wrong + number[at + 1 :]) == []


@pytest.mark.parametrize(
    "text",
    [
        "0.4111111111111111",
        "a4111111111111111",
        "4111111111111111a",
        "4111111111111111_",
        "411111111111",  # 12 digits
        "41111111111111111111",  # 20 digits
        "4111  1111  1111  1111",  # two separators
        "1700000000000",  # milliseconds
        "1111111111111117",  # no issuer
        "2024-01-15 10 30 00",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert found(text) == []


def test_a_date_after_the_number_is_not_part_of_it() -> None:
    assert found("4111 1111 1111 1111 12 29 123") == ["4111 1111 1111 1111"]
    assert found("4111111111111111 5555555555554444") == ["4111111111111111", "5555555555554444"]


def test_floats_cost_no_second_look() -> None:
    vector = ",".join(f"0.{number:017d}" for number in range(1, 500))
    assert not CardNumbers().may_be_in(f"[{vector}]".encode())


def test_it_has_no_options() -> None:
    assert create().problem_of({}) == ""
    assert create().problem_of({"prefixes": ("4",)}).endswith(".")
