"""Tool arguments and fields take their values from the prompt."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.sim.documents import make_document
from penstock.sim.mentions import Mentions
from penstock.sim.seeded_random import SeededRandom
from penstock.sim.tool_schemas import schema_error

TEXT: dict[str, Any] = {"type": "string"}
WHOLE: dict[str, Any] = {"type": "integer"}


def fields(text: str, **properties: Any) -> Any:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return make_document(schema, SeededRandom(1), Mentions(text))


@pytest.mark.parametrize(
    ("text", "properties", "expected"),
    [
        ("What is the value of magic_function(3)?", {"input": WHOLE}, {"input": 3}),
        ("Add 7 and -12.", {"a": WHOLE, "b": WHOLE}, {"a": 7, "b": -12}),
        ("Wait 2.5 seconds, 3 times", {"n": WHOLE, "s": {"type": "number"}}, {"n": 3, "s": 2.5}),
        (
            "It is true. bad: false, good = True",
            {"good": {"type": "boolean"}, "bad": {"type": "boolean"}},
            {"good": True, "bad": False},
        ),
        ("Set b to 4, a: 9", {"a": WHOLE, "b": WHOLE}, {"a": 9, "b": 4}),
        (
            "The weather in San Francisco, CA?",
            {"location": TEXT},
            {"location": "San Francisco, CA"},
        ),
        ("Create a customer named '你好啊集团' now", {"name": TEXT}, {"name": "你好啊集团"}),
        ("Kunde 株式会社 anlegen", {"name": TEXT}, {"name": "株式会社"}),
        ('Say "don\'t" to “Ann Lee”', {"a": TEXT, "b": TEXT}, {"a": "don't", "b": "Ann Lee"}),
        ("Use the tool for a Pirate greeting", {"style": TEXT}, {"style": "Pirate"}),
        ("In celsius please", {"u": {"enum": ["fahrenheit", "Celsius"]}}, {"u": "Celsius"}),
    ],
)
def test_a_value_of_the_prompt_is_taken(
    text: str, properties: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert fields(text, **properties) == expected


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Return JSON with `setup` and `punchline` about 'cats'.", ["setup", "punchline"]),
        ("Return JSON with 'setup' and 'punchline' keys, \"in English\".", ["setup", "punchline"]),
        ("Return a joke about 'cats' as JSON.", []),
    ],
)
def test_the_fields_of_json_mode_are_those_that_the_prompt_names(
    text: str, names: list[str]
) -> None:
    assert Mentions(text).field_names() == names


def test_a_value_that_breaks_the_schema_is_not_taken() -> None:
    bounded = {"type": "integer", "minimum": 10, "maximum": 20}
    assert fields("Take 3, not 15", n=bounded) == {"n": 15}
    assert 10 <= fields("Take 3", n=bounded)["n"] <= 20
    assert fields("Name it 'abc'", n={"type": "string", "maxLength": 2})["n"] != "abc"


SCHEMAS = st.recursive(
    st.sampled_from([TEXT, WHOLE, {"type": "number"}, {"type": "integer", "minimum": 4}]),
    lambda inner: st.dictionaries(st.sampled_from(["name", "input", "x"]), inner, max_size=3).map(
        lambda properties: {"type": "object", "properties": properties}
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(SCHEMAS, st.text(max_size=60) | st.sampled_from(["'a' 3 4.0 “é” Über Ann 7e5", "x: 5 5"]))
def test_documents_with_values_of_the_prompt_are_valid(schema: Any, text: str) -> None:
    jsonschema.validate(make_document(schema, SeededRandom(1), Mentions(text)), schema)


KEYWORDS = ["type", "properties", "items", "enum", "required", "anyOf", "$ref", "minimum", "const"]
KEYWORDS += ["multipleOf", "minLength", "maxItems", "pattern", "format", "additionalProperties"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYWORDS),
            inner
            | st.sampled_from(["object", "integer", "string", "array", "#/properties/a", "[a-"]),
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(st.sampled_from(["type", "properties", "items", "anyOf", "enum"]), JSON))
def test_a_schema_makes_a_document_or_is_refused(schema: Any) -> None:
    if schema_error(schema):
        return
    try:
        made = make_document(schema, SeededRandom(1))
    except InvalidRequest:
        return
    assert isinstance(made, dict | list | str | int | float | None)
