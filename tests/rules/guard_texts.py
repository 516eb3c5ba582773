"""Texts with secrets and card numbers, whole and damaged, for generated tests."""

import random
import string

from hypothesis import strategies as st

from penstock.kernel.time import SystemClock
from penstock.plugins.guards.card_numbers import CardNumbers
from penstock.plugins.guards.secrets import Secrets
from penstock.rules.guards.plan import ActiveCheck, GuardPlan
from penstock.rules.guards.policies import Action, Check, GuardrailPolicy, OnFailure, Place
from penstock.rules.guards.results import CheckResults
from penstock.rules.guards.scanning import RemoteScanner, Scanner


def _letters(size: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(random.Random(size).choices(alphabet, k=size))


# Built here, so that no scanner of repositories finds them in this file.
TOKENS = (
    "sk-" + "ant-" + _letters(60),
    "sk-" + "proj-" + _letters(80),
    "sk-" + _letters(48),
    "pk" + "_" + _letters(43),
    "AKI" + "A" + _letters(16, "ABCDEFGHIJKLMNOP234567"),
    "gh" + "p_" + _letters(36),
    "ey" + "J" + _letters(20) + ".ey" + "J" + _letters(40) + "." + _letters(43),
    "xox" + "b-" + _letters(24),
)
_LINES = (*(_letters(64) for _ in range(6)), _letters(20) + "==")
PRIVATE_KEY = "\n".join(
    ("-----BEGIN RSA " + "PRIVATE KEY-----", *_LINES, "-----END RSA " + "PRIVATE KEY-----")
)
CARDS = ("4111111111111111", "5500 0055 5555 5559", "3782-822463-10005", "4111 1111 1111 1111")
FRAGMENTS = (
    *TOKENS,
    *CARDS,
    PRIVATE_KEY,
    PRIVATE_KEY.replace("\n", "\\n"),
    *(each[: len(each) // 2] for each in (*TOKENS, *CARDS, PRIVATE_KEY)),
    *("sk-", "s", "sk", "eyJ", "-----", "-----BEGIN", "-----BEGIN PRIVATE KEY", "AKIA", "-", " "),
    *("4", "1111 ", " 1 2 3 4 5 6 7 8 9 ", "0.", "\n", "hello ", "word", "é", "\u00a0", "😀", "_"),
)
TEXTS = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=5)), max_size=8).map(
    "".join
)


def active(
    scanner: Scanner | RemoteScanner,
    action: Action = Action.REDACT,
    *,
    name: str = "test",
    places: tuple[Place, ...] = tuple(Place),
    on_failure: OnFailure = OnFailure.CLOSED,
    timeout_ms: int = 60_000,
    ask_again: int = 0,
) -> ActiveCheck:
    check = Check(name, places, action, on_failure, timeout_ms, ask_again=ask_again)
    return ActiveCheck(GuardrailPolicy("gdr_1", "policy", (check,)), check, scanner)


def plan(*checks: ActiveCheck) -> GuardPlan:
    return GuardPlan([each.policy for each in checks], checks)


def both(action: Action = Action.REDACT) -> tuple[ActiveCheck, ...]:
    return active(Secrets(), action, name="secrets"), active(
        CardNumbers(), action, name="card_numbers"
    )


def results() -> CheckResults:
    return CheckResults(SystemClock().now_ns)


def split(text: str, sizes: list[int]) -> list[str]:
    """Splits a text into pieces of these sizes, in turn."""
    pieces: list[str] = []
    at = number = 0
    while at < len(text):
        size = sizes[number % len(sizes)]
        pieces.append(text[at : at + size])
        at += size
        number += 1
    return pieces
