"""`secrets`: which texts are keys, tokens and private keys."""

import time

import pytest

from penstock.plugins.guards.card_numbers import CardNumbers
from penstock.plugins.guards.secrets import Secrets, create
from penstock.rules.guards.scanning import Scanner
from tests.rules.guard_texts import PRIVATE_KEY, TOKENS


def found(text: str) -> list[str]:
    findings, _ = Secrets().scan(text, 0, whole=True)
    return [text[each.start : each.end] for each in findings]


@pytest.mark.parametrize("secret", [*TOKENS, PRIVATE_KEY, PRIVATE_KEY.replace("\n", "\\n")])
def test_a_secret_is_found_wherever_it_stands(secret: str) -> None:
    for text in (secret, f"key={secret} ", f'{{"key":"{secret}"}}', f"`{secret}`", f"a: {secret},"):
        assert found(text) == [secret]
        assert Secrets().may_be_in(text.encode())


def test_the_kind_of_a_secret_is_named() -> None:
    kinds = [Secrets().scan(each, 0, whole=True)[0][0].kind for each in (*TOKENS, PRIVATE_KEY)]
    assert kinds == [
        *("Anthropic key", "OpenAI key", "API key", "Penstock key", "AWS key", "GitHub token"),
        *("JSON web token", "Slack token", "private key"),
    ]


def test_a_private_key_without_its_end_is_found_as_far_as_it_goes() -> None:
    cut = PRIVATE_KEY[:300]
    assert found(cut + " and so on") == [cut[: cut.rindex("\n") + 1 + 40].rstrip("\n")] or found(
        cut
    )
    encrypted = PRIVATE_KEY.replace(
        "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123\n\n", 1
    )
    assert found(f"x {encrypted} y") == [encrypted]


@pytest.mark.parametrize(
    "text",
    [
        "sk-learn-is-a-library-for-python-and-more",
        "task-" + "a1" * 20,
        "the sk- prefix",
        "AKIA",
        "eyJ is how they begin",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "chatcmpl-" + "a1B2" * 8,
        "call_" + "a1B2" * 6,
        "https://example.com/a/very/long/path/with-many-words_and_marks.html",
        "0193b1a2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
    ],
)
def test_other_texts_are_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("scanner", [Secrets(), CardNumbers()])
@pytest.mark.parametrize(
    "unit",
    [
        *("eyJ", "eyJ.", "-eyJ", "sk-", "sk-ant-", "-----BEGIN PRIVATE KEY-----", "-----BEGIN "),
        *("4", "4 ", "4111 ", "a: ", "SG.", "A", "-", "AKIA", "_", "eyJ" + "a" * 20 + ".", "\n"),
    ],
)
def test_the_worst_texts_cost_linear_time(scanner: Scanner, unit: str) -> None:
    """Twice the text may cost six times the CPU time, which is generous; quadratic work on texts of
    this size would show as much more than that in the first ratio of sizes, which is sixteen."""
    small, large = _cpu(scanner, unit, 20_000), _cpu(scanner, unit, 320_000)
    assert large <= 6 * 16 * max(small, 0.001)


def _cpu(scanner: Scanner, unit: str, size: int) -> float:
    text = unit * (size // len(unit))
    best = float("inf")
    for _ in range(3):
        begun = time.process_time()
        scanner.scan(text, 0, whole=True)
        scanner.may_be_in(text.encode())
        best = min(best, time.process_time() - begun)
    return best


def test_it_has_no_options() -> None:
    assert create().problem_of({}) == ""
    assert create().problem_of({"kinds": ("x",)}).endswith(".")
