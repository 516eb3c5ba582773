"""Near-duplicates by MinHash, held to the exact Jaccard similarity; splits."""

import random
from itertools import pairwise

import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.evaluation.near_duplicates import (
    SKETCH,
    WORDS,
    NearDuplicates,
    group_texts,
    shingles,
    similarity,
    sketch,
)
from penstock.rules.evaluation.splits import check_shares, split_of


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other)


def text_of(source: random.Random, words: int) -> list[str]:
    return [f"w{source.randrange(10**6)}" for _ in range(words)]


def changed(source: random.Random, words: list[str], count: int) -> str:
    copy = list(words)
    for place in source.sample(range(len(words)), count):
        copy[place] = f"new{source.randrange(10**6)}"
    return " ".join(copy)


def test_shingles_are_runs_of_words_without_case_and_punctuation() -> None:
    assert shingles("The cat, the hat!") == shingles("the CAT -- the hat")
    assert len(shingles("one two three four")) == 4 - WORDS + 1
    assert len(shingles("one")) == len(shingles("")) == 1


def test_small_sets_are_compared_exactly() -> None:
    source = random.Random(1)
    for _ in range(200):
        universe = [source.getrandbits(60) for _ in range(SKETCH)]
        one = frozenset(source.sample(universe, source.randrange(1, SKETCH)))
        other = frozenset(source.sample(universe, source.randrange(1, SKETCH)))
        assert similarity(sketch(one), sketch(other)) == pytest.approx(jaccard(one, other))


def test_large_sets_are_estimated_without_bias() -> None:
    source = random.Random(2)
    errors = list[float]()
    for _ in range(200):
        common = [source.getrandbits(60) for _ in range(700)]
        one = frozenset([*common, *(source.getrandbits(60) for _ in range(300))])
        other = frozenset([*common, *(source.getrandbits(60) for _ in range(300))])
        errors.append(similarity(sketch(one), sketch(other)) - jaccard(one, other))
    assert abs(sum(errors) / len(errors)) < 0.01
    assert (sum(each**2 for each in errors) / len(errors)) ** 0.5 < 0.05


def test_texts_above_the_limit_are_found_and_others_are_not() -> None:
    source = random.Random(3)
    found = missed = wrong = 0
    for _ in range(120):
        words = text_of(source, 60)
        pair = (" ".join(words), changed(source, words, source.choice((1, 2, 12, 20))))
        exact = jaccard(shingles(pair[0]), shingles(pair[1]))
        grouped = len(set(group_texts(pair, 0.8))) == 1
        found += grouped and exact >= 0.8
        missed += not grouped and exact >= 0.8
        wrong += grouped and exact < 0.8
    assert (missed, wrong) == (0, 0)
    assert found > 30


def test_a_chain_of_similar_texts_is_one_group() -> None:
    source = random.Random(4)
    texts = [text_of(source, 60)]
    for _ in range(6):
        texts.append(changed(source, texts[-1], 2).split())
    lines = [" ".join(each) for each in texts]
    assert all(jaccard(shingles(a), shingles(b)) >= 0.8 for a, b in pairwise(lines))
    assert jaccard(shingles(lines[0]), shingles(lines[-1])) < 0.8
    assert group_texts([*lines, "something else altogether"]) == [0] * 7 + [7]


def test_a_later_text_joins_two_groups() -> None:
    words = text_of(random.Random(5), 41)
    first, last = " ".join(words[:-4]), " ".join(words[4:])
    grouped = NearDuplicates(0.85)
    for text in (last, first):
        grouped.add(text)
    assert grouped.group(0) != grouped.group(1)
    grouped.add(" ".join(words))
    assert {grouped.group(number) for number in range(3)} == {0}


def test_a_split_has_its_share_and_stays() -> None:
    shares = {"test": 0.2, "train": 0.8}
    found = [split_of(f"item {n}", shares, 7) for n in range(5000)]
    assert found == [split_of(f"item {n}", shares, 7) for n in range(5000)]
    assert 0.18 < found.count("test") / 5000 < 0.22
    assert found != [split_of(f"item {n}", shares, 8) for n in range(5000)]


@pytest.mark.parametrize(
    "shares",
    [{}, {"Test": 1.0}, {"test": 0.5}, {"a": 1.5, "b": -0.5}, {"a": float("nan")}],
)
def test_shares_that_are_not_valid_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest):
        check_shares(shares)
