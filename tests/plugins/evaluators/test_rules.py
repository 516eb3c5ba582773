"""Evaluators by rules: what they say of small answers, worked out by hand."""

from typing import Any

import pytest

from penstock.rules.evaluation.samples import PeerRelation, SamplePeer, SampleToolCall
from penstock.rules.scores.vocabulary import ScoreState
from plugins.evaluators.measuring import REGISTRY, value_of

SCHEMA = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
CALLS = (SampleToolCall("a"), SampleToolCall("b", {"n": 1}))
UNMEASURED, JUDGE_ERROR = ScoreState.UNMEASURED, ScoreState.JUDGE_ERROR


@pytest.mark.parametrize(
    ("kind", "output", "expected", "options", "value"),
    [
        ("equals", " Paris ", "paris", {}, True),
        ("equals", "Paris.", "paris", {}, False),
        ("equals", "Paris.", "paris", {"ignore_punctuation": True}, True),
        ("equals", "Paris", "paris", {"ignore_case": False}, False),
        ("equals", "Stra\u00dfe", "STRASSE", {}, True),
        ("equals", "cafe\u0301", "caf\u00e9", {}, True),
        ("equals", "b", ["a", "b"], {"any_of": True}, True),
        ("equals", "x", None, {}, UNMEASURED),
        ("equals", '```json\n{"a": 1.0}\n```', '{"a":1}', {"json": True}, True),
        ("equals", '{"a": true}', {"a": 1}, {"json": True}, False),
        ("equals", '{"a": 1, "a": 1}', {"a": 1}, {"json": True}, False),
        ("contains", "Red and Blue", None, {"values": ["red", "blue"]}, True),
        ("contains", "Red", None, {"values": ["red", "blue"]}, False),
        ("contains", "Red", None, {"values": ["red", "blue"], "mode": "any"}, True),
        ("contains", "Red", None, {"values": ["blue"], "mode": "none"}, True),
        ("contains", "Red", ["red"], {}, True),
        ("contains", "Red", [], {}, UNMEASURED),
        ("regex", "Order 4711.", None, {"pattern": r"\d{4}"}, True),
        ("regex", "Order 4711.", None, {"pattern": r"\d{4}", "full": True}, False),
        ("regex", "Order 4711.", None, {"pattern": "order", "ignore_case": True}, True),
        ("regex", "Order 4711.", None, {"pattern": "(?<=Order )4711", "absent": True}, False),
        ("keywords", "Cats like milk", None, {"keywords": ["cats", "milk", "dog", "ilk"]}, 0.5),
        ("length", "one two three", None, {"unit": "words"}, 3),
        ("length", "One. Two!\nThree", None, {"unit": "sentences"}, 3),
        ("length", "abc", None, {"least": 3, "most": 3}, True),
        ("length", "abcd", None, {"most": 3}, False),
        ("numeric", "It costs 1,234.50 dollars", 1234.5, {}, True),
        ("numeric", "3 boxes of 4 are 12", "12", {}, True),
        ("numeric", "−3.1", -3, {"relative": 0.05}, True),
        ("numeric", "-3.2", -3, {"relative": 0.05}, False),
        ("numeric", "nothing", 3, {}, False),
        ("numeric", "1e999", 3, {}, False),
        ("numeric", "3", "three", {}, UNMEASURED),
        ("numeric", "1", True, {}, UNMEASURED),
        ("json_schema", '{"city": "Bonn"}', None, {"schema": SCHEMA}, True),
        ("json_schema", '```\n{"city": "Bonn"}\n```', None, {"schema": SCHEMA}, True),
        ("json_schema", '{"city": 1}', None, {"schema": SCHEMA}, False),
        ("json_schema", "Bonn", None, {"schema": SCHEMA}, False),
        ("levenshtein", "kitten", "sitting", {}, pytest.approx(1 - 3 / 7)),
        ("levenshtein", "", "abc", {}, 0),
        ("levenshtein", "A  b", ["x", "a b"], {"ignore_case": True, "ignore_space": True}, 1),
        ("levenshtein", "a", [], {}, UNMEASURED),
        ("bleu", "the cat is on the mat", "the cat is on the mat", {}, pytest.approx(1)),
        ("chrf", "ab", "ab", {}, 1),
        ("rouge", "die Katze", "die graue Katze", {"figure": "recall"}, pytest.approx(2 / 3)),
        ("rouge", "кот спит", "кот спит", {"english": False, "variant": "rouge2"}, 1),
        ("classification", "Spam.", "spam", {}, True),
        ("classification", "It is spam, I think", "spam", {"labels": ["spam", "ham"]}, True),
        ("classification", "spam or ham", "spam", {"labels": ["spam", "ham"]}, False),
        ("classification", '{"label": "Ham"}', "ham", {"field": "label"}, True),
        ("fields", '{"a": "X ", "b": 2.0, "c": [1]}', {"a": "x", "b": 2, "c": [1, 3]}, {}, 0.75),
        ("fields", '{"a": true}', {"a": 1}, {}, 0),
        ("fields", "no", '{"a": 1}', {}, 0),
        ("fields", '{"a": 1, "b": 5}', {"a": 1, "b": 2}, {"only": ["a"]}, 1),
        ("fields", "{}", "text", {}, UNMEASURED),
        ("readability", "The cat sat on the mat.", None, {"figure": "grade"}, pytest.approx(-1.45)),
        ("refusal", "I'm sorry, but I can't help with that.", None, {}, True),
        ("citations", "So [1].", None, {}, UNMEASURED),
        ("format", "<a><b/></a>", None, {"format": "xml"}, True),
        ("format", "<a><b></a>", None, {"format": "xml"}, False),
        ("format", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', None, {"format": "xml"}, False),
        ("format", "<ul><li>a<li>b</ul><br>", None, {"format": "html"}, True),
        ("format", "<b>a</i>", None, {"format": "html"}, False),
        ("format", "no element", None, {"format": "html"}, False),
        ("format", "def f(): return 1", None, {"format": "python"}, True),
        ("format", "def f( return 1", None, {"format": "python"}, False),
        ("format", "select a from b where c = 1", None, {"format": "sql"}, True),
        ("format", "select from where", None, {"format": "sql"}, False),
        ("format", "hello", None, {"format": "sql"}, False),
        ("format", "select a::int", None, {"format": "sql", "dialect": "postgres"}, True),
        ("format", '{"a": [1, 2]}', None, {"format": "json"}, True),
        ("format", "{'a': 1}", None, {"format": "json"}, False),
        ("format", "[NaN]", None, {"format": "json"}, False),
        ("format", "[" * 200 + "]" * 200, None, {"format": "json"}, False),
    ],
)
async def test_values(
    kind: str, output: str, expected: Any, options: dict[str, Any], value: Any
) -> None:
    assert await value_of(kind, output, expected, **options) == value


@pytest.mark.parametrize(
    ("kind", "field", "options", "value"),
    [
        ("latency", {"latency_ms": 120.0}, {}, 120),
        ("latency", {"latency_ms": 120.0}, {"most_ms": 100}, False),
        ("latency", {}, {}, UNMEASURED),
        ("cost", {"cost_usd": 0.0}, {"most_usd": 0.01}, True),
        ("cost", {"cost_usd": None}, {"most_usd": 0.01}, UNMEASURED),
        ("output_tokens", {"output_tokens": 7}, {}, 7),
    ],
)
async def test_what_the_call_took(
    kind: str, field: dict[str, Any], options: dict[str, Any], value: Any
) -> None:
    assert await value_of(kind, "x", sample=field, **options) == value


@pytest.mark.parametrize(
    ("kind", "options", "part"),
    [
        ("regex", {}, "pattern"),
        ("regex", {"pattern": "("}, "regular expression"),
        ("length", {"least": 3, "most": 2}, "above"),
        ("length", {"unit": "pages"}, "unit"),
        ("json_schema", {"schema": {"type": "nothing"}}, "schema"),
        ("json_schema", {"schema": {"$ref": "http://127.0.0.1:1/x"}}, "schema"),
        ("format", {"format": "sql", "dialect": "klingon"}, "dialect"),
        ("numeric", {"absolute": -1}, "absolute"),
        ("latency", {"most": 3}, "most"),
    ],
)
def test_wrong_options_are_named(kind: str, options: dict[str, Any], part: str) -> None:
    assert part in REGISTRY.get(kind).problem_of(options)


async def test_a_pattern_that_takes_too_long_is_an_error_of_the_judge() -> None:
    hard = {"pattern": r"(?:\w+\s?)*(?:\w+\s?)*(?:\w+\s?)*\Z\d"}
    assert await value_of("regex", "word " * 300 + "!", **hard) == JUDGE_ERROR


@pytest.mark.parametrize(
    ("kind", "fields", "options", "value"),
    [
        ("citations", {"context": ("x", "y")}, {}, True),
        ("citations", {"context": ("x",)}, {}, False),
        ("citations", {"metadata": {"ids": ["1", 2]}}, {"ids": "ids"}, True),
        ("retrieval", {"metadata": {"retrieved": [3, 1], "relevant": ["1", "2"]}}, {}, 0.5),
        (
            "retrieval",
            {"metadata": {"retrieved": "[1]", "relevant": {"1": 2}}},
            {"figure": "ndcg"},
            1,
        ),
        ("retrieval", {"metadata": {"retrieved": [], "relevant": [1]}}, {"figure": "mrr"}, 0),
        ("retrieval", {"metadata": {"retrieved": [1], "relevant": []}}, {}, UNMEASURED),
        ("retrieval", {"metadata": {"relevant": [1]}}, {}, UNMEASURED),
        ("tool_calls", {"tool_calls": CALLS, "expected": ["b", "a"]}, {}, 0.5),
        ("tool_calls", {"tool_calls": CALLS, "expected": ["b", "a"]}, {"order": False}, 1),
        (
            "tool_calls",
            {"tool_calls": CALLS, "expected": ["a", {"name": "b", "arguments": {}}]},
            {"figure": "exact"},
            False,
        ),
        ("tool_calls", {"tool_calls": CALLS, "expected": "a"}, {}, UNMEASURED),
        ("needless_steps", {"tool_calls": (*CALLS, *CALLS), "expected": ["a", "b"]}, {}, 2),
        (
            "tool_arguments",
            {
                "tool_calls": CALLS,
                "expected": [
                    {"name": "a", "arguments": {}},
                    {"name": "b", "arguments": {"n": 1, "m": 2}},
                ],
            },
            {},
            0.75,
        ),
        ("counterfactual", {"peers": (SamplePeer(PeerRelation.GROUP, "so [1] [2]"),)}, {}, 1),
    ],
)
async def test_values_of_other_fields(
    kind: str, fields: dict[str, Any], options: dict[str, Any], value: Any
) -> None:
    fields = dict(fields)
    expected = fields.pop("expected", None)
    assert await value_of(kind, "So [1] [2].", expected, sample=fields, **options) == value
