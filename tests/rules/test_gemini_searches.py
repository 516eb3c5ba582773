"""Searches of Gemini, as they are billed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.call import UsageSource
from penstock.rules.neutral.answer import UsageReported
from penstock.rules.wire.gemini.answer_reader import GeminiChunkReader, facts_in_tail, read_facts
from penstock.rules.wire.gemini.searches import MAX_SEARCHES

TOKENS = {"promptTokenCount": 5, "candidatesTokenCount": 7}
QUERIES = st.lists(st.sampled_from(["", "tide", "river", "dam", "sluice"]), max_size=6)


def chunk(model: str, queries: Any, usage: Any = TOKENS) -> bytes:
    grounded = {"content": {"parts": [{"text": "x"}]}, "groundingMetadata": queries}
    answer = {"candidates": [grounded], "usageMetadata": usage, "modelVersion": model}
    return json.dumps(answer).encode()


def streamed(*chunks: bytes) -> int:
    reader = GeminiChunkReader()
    events = [event for each in chunks for event in reader.read(b"", each)]
    return [each.usage.web_searches for each in events if isinstance(each, UsageReported)][-1]


def whole(body: bytes) -> int:
    usage = read_facts(body).usage
    assert usage is not None
    return usage.web_searches


@given(QUERIES, QUERIES)
def test_different_searches_count_once_each_in_whole_answers_and_streams(
    first: list[str], second: list[str]
) -> None:
    both = [chunk("gemini-3-pro", {"webSearchQueries": part}) for part in (first, second)]
    assert streamed(*both) == len({*first, *second} - {""})
    assert whole(both[0]) == streamed(both[0]) == len(set(first) - {""})
    assert facts_in_tail(both[0]).usage == read_facts(both[0]).usage


@given(QUERIES)
def test_earlier_models_are_billed_once_for_an_answer(queries: list[str]) -> None:
    for model in ("gemini-2.5-flash", "gemini-1.5-pro-002", "models/gemini-2.0-flash"):
        body = chunk(model, {"webSearchQueries": queries})
        assert whole(body) == streamed(body, body) == min(len(set(queries) - {""}), 1)


@pytest.mark.parametrize(
    "odd", [None, 7, [], {}, {"webSearchQueries": 3}, {"webSearchQueries": [1, "tide"]}]
)
def test_metadata_of_another_shape_has_no_searches(odd: Any) -> None:
    assert whole(chunk("gemini-3-pro", odd)) == streamed(chunk("gemini-3-pro", odd)) == 0


def test_the_count_is_bounded_and_impossible_usage_stays_invalid() -> None:
    many = {"webSearchQueries": [str(number) for number in range(2 * MAX_SEARCHES)]}
    assert whole(chunk("gemini-3-pro", many)) == MAX_SEARCHES
    usage = read_facts(chunk("gemini-3-pro", many, {"promptTokenCount": -1})).usage
    assert usage is not None
    assert (usage.source, usage.web_searches) == (UsageSource.INVALID, 0)
