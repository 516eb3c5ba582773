"""Generated documents, validated by the reference implementation of JSON Schema."""

import re
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.sim.documents import make_document
from penstock.sim.patterns import sample
from penstock.sim.seeded_random import SeededRandom

SEEDS = st.integers(0, 2**32)


def ranges(low: str, high: str, most: int) -> st.SearchStrategy[dict[str, int]]:
    """A satisfiable lower and upper bound, each optional."""
    both = st.tuples(st.integers(0, most), st.integers(0, most)).map(sorted)
    return st.one_of(
        st.just({}),
        both.map(lambda pair: {low: pair[0], high: pair[1]}),
        both.map(lambda pair: {low: pair[0]}),
        both.map(lambda pair: {high: pair[1]}),
    )


SCALARS = st.one_of(
    st.sampled_from(
        [{"type": "boolean"}, {"type": "null"}, {"const": [1, None]}, {"enum": ["a", 2]}]
    ),
    ranges("minLength", "maxLength", 60).map(lambda r: {"type": "string", **r}),
    ranges("minimum", "maximum", 500).map(lambda r: {"type": "integer", **r}),
    ranges("minimum", "maximum", 500).map(lambda r: {"type": "number", **r}),
    ranges("minimum", "maximum", 2**53 - 1).map(lambda r: {"type": "integer", **r}),
    st.integers(1, 9).map(lambda n: {"type": "integer", "multipleOf": n, "exclusiveMinimum": -n}),
    st.integers(-9, 9).map(lambda n: {"type": "number", "exclusiveMaximum": n}),
    st.sampled_from(["date", "date-time", "time", "email", "ipv4", "ipv6", "uuid", "hostname"]).map(
        lambda name: {"type": "string", "format": name}
    ),
    st.just({"type": ["string", "null"]}),
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.dictionaries(st.sampled_from("abcdef"), inner, max_size=4)
    return names.flatmap(
        lambda properties: st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.just(properties),
                "required": st.lists(
                    st.sampled_from(sorted(properties) or ["x"]), max_size=3, unique=True
                )
                if properties
                else st.just([]),
                "additionalProperties": st.booleans(),
            }
        )
    )


def arrays(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(inner, ranges("minItems", "maxItems", 6)).map(
        lambda pair: {"type": "array", "items": pair[0], **pair[1]}
    )


SCHEMAS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        objects(inner),
        arrays(inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda each: {"anyOf": each}),
        st.tuples(objects(inner)).map(lambda each: {"allOf": list(each)}),
    ),
    max_leaves=8,
)


@settings(deadline=None)  # the reference implementation compiles each schema
@given(SCHEMAS, SEEDS)
def test_every_document_is_valid_and_the_same_for_a_seed(schema: Any, seed: int) -> None:
    document = make_document(schema, SeededRandom(seed))
    jsonschema.validate(
        document, schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    assert document == make_document(schema, SeededRandom(seed))


@settings(deadline=None)
@given(SEEDS)
def test_references_and_recursion_end(seed: int) -> None:
    schema: Any = {
        "$ref": "#/$defs/tree",
        "$defs": {
            "tree": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
                    "parent": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
                },
                "required": ["name", "children", "parent"],
                "additionalProperties": False,
            }
        },
    }
    jsonschema.validate(make_document(schema, SeededRandom(seed)), schema)


@settings(deadline=None)
@given(SEEDS)
def test_tuples_and_unique_items(seed: int) -> None:
    schema: Any = {
        "type": "array",
        "prefixItems": [{"type": "integer"}, {"type": "string"}],
        "items": {"type": "integer", "minimum": 1, "maximum": 3},
        "minItems": 5,
        "uniqueItems": True,
    }
    document = make_document(
        {**schema, "prefixItems": [{"const": 0}, {"const": "x"}]}, SeededRandom(seed)
    )
    jsonschema.validate(document, schema)


@settings(deadline=None)
@given(SEEDS)
def test_a_schema_may_be_true_and_may_omit_its_type(seed: int) -> None:
    schema: Any = {
        "properties": {
            "anything": True,
            "list": {"minItems": 1},
            "number": {"exclusiveMinimum": 3},
            "half": {"type": "number", "multipleOf": 0.5},
            "more": {"minProperties": 2},
        },
        "required": ["anything", "extra"],
        "allOf": [{"properties": {"both": {"type": "integer"}}, "required": ["both"]}],
        "minProperties": 8,
    }
    document = make_document(schema, SeededRandom(seed))
    jsonschema.validate(document, schema)
    assert len(document) == 8


PATTERNS = [
    r"^[A-Z]{3}$",
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[a-z0-9_-]{3,16}$",
    r"^(foo|bar)-(\w+)\.txt$",
    r"^\+?[1-9]\d{1,14}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"^https?://[^\s/]+/?$",
    r"^a.c*d?e+$",
    r"[\[\]\-x]\\",
]


@pytest.mark.parametrize("pattern", PATTERNS)
@settings(deadline=None)
@given(seed=SEEDS)
def test_strings_match_their_pattern(pattern: str, seed: int) -> None:
    assert re.search(pattern, sample(pattern, SeededRandom(seed)))


@pytest.mark.parametrize(
    "schema",
    [
        {"not": {"type": "string"}},
        {"type": "flow"},
        {"$ref": "#/$defs/missing"},
        {"$ref": "https://example.com/schema"},
        {"$ref": "#"},
        {"type": "integer", "minimum": 5, "maximum": 4},
        {"type": "string", "pattern": r"(?=x)y"},
        {"type": "string", "pattern": r"^a{9}$", "maxLength": 3},
        {"type": "string", "pattern": "["},
        {"type": "string", "pattern": "a{1000000000}"},
        {"type": "string", "minLength": 10**12},
        {"type": "array", "minItems": 10**12},
        {"type": "object", "minProperties": 10**12},
        *({"type": "string", "pattern": p} for p in (r"a\b", r"(?i)x", r"[^\x00-\xff]", r"x{9")),
        {"type": "integer", "multipleOf": 0.5},
        {"type": "integer", "multipleOf": 10, "minimum": 1, "maximum": 9},
        {"type": "object", "properties": {"x": 3}},
        {"type": "object", "required": ["x"], "additionalProperties": False},
        {"type": "array", "items": False, "minItems": 1},
        {"type": "array", "items": {"const": 1}, "minItems": 2, "uniqueItems": True},
        {"type": "object", "properties": {"x": {"$ref": "#"}}, "required": ["x"]},
    ],
)
def test_an_unsupported_schema_is_refused(schema: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        make_document(schema, SeededRandom(1))
    assert refused.value.code == "unsupported_schema"
