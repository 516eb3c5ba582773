"""BLEU, chrF and ROUGE against what sacrebleu 2.5 and rouge-score 0.1.2 say of the same texts."""

import pytest

from penstock.rules.evaluation.overlap import bleu, chrf, rouge_l, rouge_n, rouge_words

MAT = "the cat is on the mat"
# text, references, sentence_bleu(effective_order), the best CHRF().sentence_score, both / 100
SACREBLEU = [
    (
        MAT,
        ["the cat sat on the mat", "there is a cat on the mat"],
        0.39763536438352537,
        0.619251512899325,
    ),
    ("The dog bit the man.", ["The dog bit the man."], 1.0, 1.0),
    (
        'It wasn\'t surprising - 3.5% of them, said "yes".',
        ["It was not surprising: 3.5 % of them said yes."],
        0.21773944427474792,
        0.6268378051338737,
    ),
    ("a b", ["c d"], 0.0, 0.0),
    ("Hello", ["Hello there world"], 0.13533528323661276, 0.26232340203989873),
    (
        "Das ist ein Test",
        ["Dies ist ein kleiner Test, oder?"],
        0.1300650237557222,
        0.2814439551520584,
    ),
    ("the the the the the the the", [MAT], 0.07809849842300637, 0.14232426848159646),
]
# text, reference, precision and recall of rouge1, rouge2, rougeL
ROUGE_SCORE = [
    (MAT, "the cat sat on the mat", (0.833333, 0.833333), (0.6, 0.6), (0.833333, 0.833333)),
    (
        'It wasn\'t surprising - 3.5% of them, said "yes".',
        "It was not surprising: 3.5 % of them said yes.",
        (0.8, 0.8),
        (0.666667, 0.666667),
        (0.8, 0.8),
    ),
    ("Hello", "Hello there world", (1.0, 0.333333), (0.0, 0.0), (1.0, 0.333333)),
    (
        "Das ist ein Test",
        "Dies ist ein kleiner Test, oder?",
        (0.75, 0.5),
        (0.333333, 0.2),
        (0.75, 0.5),
    ),
]


@pytest.mark.parametrize(("text", "references", "by_words", "by_characters"), SACREBLEU)
def test_bleu_and_chrf_are_those_of_sacrebleu(
    text: str, references: list[str], by_words: float, by_characters: float
) -> None:
    assert bleu(text, references) == pytest.approx(by_words)
    assert max(chrf(text, each) for each in references) == pytest.approx(by_characters)


@pytest.mark.parametrize(("text", "reference", "one", "two", "longest"), ROUGE_SCORE)
def test_rouge_is_that_of_rouge_score(
    text: str, reference: str, one: tuple[float, ...], two: tuple[float, ...], longest: object
) -> None:
    words, others = rouge_words(text), rouge_words(reference)
    assert rouge_n(words, others, 1)[:2] == pytest.approx(one, abs=1e-6)
    assert rouge_n(words, others, 2)[:2] == pytest.approx(two, abs=1e-6)
    assert rouge_l(words, others)[:2] == pytest.approx(longest, abs=1e-6)


def test_the_examples_of_the_paper() -> None:
    """Lin (2004), section 3.1: S2 "police kill the gunman" has ROUGE-L 0.5, S3 0.75 of S1."""
    reference = ["police", "killed", "the", "gunman"]
    assert rouge_l(["police", "kill", "the", "gunman"], reference).f1 == 0.75
    assert rouge_l(["the", "gunman", "kill", "police"], reference).f1 == 0.5


def test_texts_without_words_are_zero() -> None:
    assert bleu("", ["a"]) == chrf("", "a") == rouge_l([], ["a"]).f1 == 0
