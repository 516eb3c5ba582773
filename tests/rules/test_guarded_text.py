"""The split law: what is emitted of a text does not depend on how it arrives in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.plugins.guards.card_numbers import CardNumbers
from penstock.plugins.guards.secrets import Secrets
from penstock.rules.guards.plan import ActiveCheck
from penstock.rules.guards.policies import Action, OnFailure, Place
from penstock.rules.guards.results import CheckResults, GuardrailBlocked, GuardrailFailed
from penstock.rules.guards.scanning import Finding
from penstock.rules.guards.text import GuardedText
from tests.rules.guard_texts import CARDS, PRIVATE_KEY, TEXTS, TOKENS, active, both, results, split

SIZES = st.lists(st.integers(1, 40), min_size=1, max_size=6)


def emitted(
    pieces: list[str], checks: tuple[ActiveCheck, ...], noted: CheckResults | None = None
) -> str:
    """Emits pieces as soon as they are decided, and forgets what was emitted."""
    text = GuardedText(checks, Place.OUTPUT, noted or results())
    out: list[str] = []
    waiting: list[tuple[int, int, str]] = []

    def release() -> None:
        while waiting and waiting[0][1] <= text.decided:
            start, end, piece = waiting.pop(0)
            new = text.render(start, end)
            out.append(piece if new is None else new)
            text.forget(end)

    for piece in pieces:
        end = text.add(piece)
        waiting.append((end - len(piece), end, piece))
        release()
    text.end()
    release()
    assert not waiting
    return "".join(out)


@given(TEXTS, SIZES)
def test_the_emitted_text_is_the_same_for_every_split(text: str, sizes: list[int]) -> None:
    whole = emitted([text], both())
    assert emitted(split(text, sizes), both()) == whole
    assert emitted(list(text), both()) == whole


@given(TEXTS, SIZES)
def test_a_scanner_decides_about_a_part_only_what_it_says_of_the_whole(
    text: str, sizes: list[int]
) -> None:
    for scanner in (Secrets(), CardNumbers()):
        found, end = scanner.scan(text, 0, whole=True)
        assert end == len(text)
        for size in sizes:
            part = text[: size * 3]
            some, decided = scanner.scan(part, 0, whole=False)
            assert len(part) - scanner.max_chars <= decided <= len(part)
            assert list(some) == [each for each in found if each.start < decided]


@given(st.lists(st.sampled_from((*TOKENS, *CARDS, PRIVATE_KEY, "word", "1 2 3"))), SIZES)
def test_nothing_of_a_secret_is_in_what_was_redacted(parts: list[str], sizes: list[int]) -> None:
    redacted = emitted(split(", ".join(parts), sizes), both())
    for each in (*TOKENS, *CARDS, PRIVATE_KEY):
        assert each not in redacted
        assert each[8:20] not in redacted


@given(TEXTS, SIZES)
def test_a_blocked_text_emits_nothing_from_the_first_finding_on(
    text: str, sizes: list[int]
) -> None:
    checks = both(Action.BLOCK)
    found = [
        each for check in checks if check.local for each in check.local.scan(text, 0, whole=True)[0]
    ]
    guarded = GuardedText(checks, Place.OUTPUT, results())
    try:
        for piece in split(text, sizes):
            guarded.add(piece)
        guarded.end()
    except GuardrailBlocked:
        assert guarded.decided <= min(each.start for each in found)
    else:
        assert not found


def test_findings_of_several_checks_that_overlap_are_all_replaced() -> None:
    first = active(_Fixed((Finding(2, 6, "first"),)), name="a")
    second = active(_Fixed((Finding(0, 3, "second"), Finding(5, 9, "third"))), name="b")
    for pieces in (["0123456789"], list("0123456789")):
        assert emitted(pieces, (first, second)) == "[second][first][third]9"


@pytest.mark.parametrize(
    "found",
    [
        (Finding(-1, 3, "x"),),
        (Finding(3, 3, "x"),),
        (Finding(0, 99, "x"),),
        (Finding(4, 6, "x"), Finding(0, 2, "x")),
        (Finding(0, 4, "x"), Finding(3, 6, "x")),
    ],
)
def test_findings_that_are_not_valid_are_a_failure_of_the_check(
    found: tuple[Finding, ...],
) -> None:
    with pytest.raises(GuardrailFailed, match="not valid"):
        emitted(["0123456789"], (active(_Fixed(found)),))
    noted = results()
    open_check = active(_Fixed(found), on_failure=OnFailure.OPEN)
    assert emitted(["0123456789"], (open_check,), noted) == "0123456789"
    assert noted.records()[0].failure == "its findings are not valid"


def test_an_exception_of_a_scanner_is_a_failure_of_the_check_and_others_go_on() -> None:
    with pytest.raises(GuardrailFailed, match="ZeroDivisionError"):
        emitted(["text"], (active(_Broken()),))
    checks = active(_Broken(), on_failure=OnFailure.OPEN), active(CardNumbers())
    assert emitted([f"my {CARDS[0]}"], checks) == "my [card number]"


def test_a_check_whose_time_is_up_is_a_failure() -> None:
    now = iter(range(0, 10**9, 2_000_000))
    noted = CheckResults(lambda: next(now))
    slow = active(CardNumbers(), timeout_ms=1, on_failure=OnFailure.OPEN)
    assert emitted([CARDS[0] + "."], (slow,), noted) == "[card number]."
    assert noted.records()[0].failure == "it took too long"
    with pytest.raises(GuardrailFailed, match="too long"):
        emitted([CARDS[0]], (active(CardNumbers(), timeout_ms=1),), CheckResults(noted.now_ns))


def test_the_buffer_is_bounded_by_the_longest_finding() -> None:
    text = GuardedText(both(), Place.OUTPUT, results())
    for _ in range(3000):
        end = text.add("sk-" + "1 2 3 4 " * 20)
        text.forget(min(end, text.decided))
    assert text.size - text.decided <= Secrets.max_chars
    assert len(text._text) <= 2 * Secrets.max_chars  # pyright: ignore[reportPrivateUsage] - the bound


class _Fixed:
    """Finds fixed parts once the text is whole."""

    max_chars = 100
    look_behind = 0

    def __init__(self, found: tuple[Finding, ...]) -> None:
        self._found = found

    def may_be_in(self, document: bytes) -> bool:
        return bool(document)

    def scan(self, text: str, start: int, *, whole: bool) -> tuple[tuple[Finding, ...], int]:
        return (self._found, len(text)) if whole else ((), start)


class _Broken(_Fixed):
    def __init__(self) -> None:
        super().__init__(())

    def scan(self, text: str, start: int, *, whole: bool) -> tuple[tuple[Finding, ...], int]:
        raise ZeroDivisionError(text[start:])
