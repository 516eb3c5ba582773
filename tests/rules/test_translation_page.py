"""docs/translation.md lists everything that a writer rejects, leaves out or changes."""

import importlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.translation import DialectRules, dialect_rules, translation_page
from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import (
    Citation,
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Other,
    OutputFormat,
    Reasoning,
    ReasoningOptions,
    Refusal,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolMode,
    ToolResult,
)
from penstock.rules.neutral.translation import ChangeKind, Changes, Rule, Written, reject
from rules.conversations import ARGUMENTS, DATA, NAME, SCHEMA, TEXT

DIALECTS = [pytest.param(one, id=one.name) for one in dialect_rules()]
DOCS = Path(__file__).parents[2] / "docs"

MEDIA_TYPES = ("image/png", "image/tiff", "audio/wav", "audio/amr", "video/mp4", "application/pdf")
SOURCES = st.one_of(
    st.fixed_dictionaries({"data": DATA}),
    st.just({"url": "https://example.org/a"}),
    st.just({"file_id": "file_1"}),
    st.just({"text": "plain"}),
)
MEDIA = st.builds(
    lambda kind, media_type, source, detail, cache, *, citations: Media(
        kind, media_type, detail=detail, cache=cache, citations=citations, **source
    ),
    st.sampled_from(MediaKind),
    st.sampled_from(MEDIA_TYPES),
    SOURCES,
    st.sampled_from(["", "low", "high"]),
    st.sampled_from(["", "5m", "1h"]),
    citations=st.booleans(),
)
CITATIONS = st.just((Citation("https://example.org", "Title", "cited", 0, 3),))
TEXTS = st.builds(Text, TEXT, st.just(()) | CITATIONS, st.sampled_from(["", "5m", "1h"]))
OTHERS = st.builds(
    Other, st.just("elsewhere"), st.sampled_from(["part", "message", "tool"]), st.just(b'{"a":1}')
)
CALLS = st.builds(ToolCall, NAME, NAME, ARGUMENTS | st.sampled_from(["", "[]", "7", "{"]))
RESULTS = st.builds(ToolResult, NAME, st.lists(TEXTS | MEDIA, max_size=2).map(tuple), st.booleans())
REASONING = st.builds(
    Reasoning, TEXT, st.sampled_from(["", "sig"]), dialect=st.sampled_from(["openai", "elsewhere"])
)
PARTS = st.one_of(TEXTS, MEDIA, CALLS, RESULTS, REASONING, OTHERS, st.builds(Refusal, TEXT))
MESSAGES = st.builds(
    Message,
    st.sampled_from(MessageRole),
    st.lists(PARTS, max_size=3).map(tuple),
    st.sampled_from(["", "ann"]),
)
HINT_VALUES = st.sampled_from([b'"auto"', b"1", b"true", b'{"a":"b"}', b"0.5", b'["x"]'])
ANY_CONVERSATION = st.builds(
    Conversation,
    messages=st.lists(MESSAGES, min_size=1, max_size=3).map(tuple),
    tools=st.lists(st.builds(Tool, NAME, TEXT, SCHEMA) | OTHERS, max_size=2).map(tuple),
    tool_choice=st.none() | st.builds(ToolChoice, st.sampled_from(ToolMode), st.just(("f",))),
    parallel_tool_calls=st.none() | st.booleans(),
    output=st.none() | st.just(OutputFormat()) | st.builds(OutputFormat, SCHEMA, NAME),
    reasoning=st.none()
    | st.builds(
        ReasoningOptions,
        st.sampled_from(["", "none", "minimal", "high", "max"]),
        st.none() | st.sampled_from([-1, 0, 500, 100_000]),
        st.none() | st.booleans(),
    ),
    max_output_tokens=st.none() | st.integers(1, 1000),
    temperature=st.none() | st.sampled_from([0.0, 1.5, 2.0]),
    top_p=st.none() | st.just(0.5),
    stop=st.lists(TEXT, max_size=6).map(tuple),
    choice_count=st.none() | st.integers(1, 3),
    hints=st.dictionaries(st.sampled_from(Hint), HINT_VALUES, max_size=3),
    others=st.just({}) | st.just({"plugins": b"[]"}),
    dialect=st.just("elsewhere"),
)


def written(dialect: DialectRules, conversation: Conversation) -> Written | InvalidRequest:
    try:
        return dialect.write(conversation)
    except InvalidRequest as error:
        return error


def rule_of(error: InvalidRequest, rules: Iterable[Rule]) -> Rule | None:
    """The listed rule that made this error."""
    same = [rule for rule in rules if reject(rule).message == error.message]
    return same[0] if same else None


@pytest.mark.parametrize("dialect", DIALECTS)
@given(conversation=ANY_CONVERSATION)
def test_what_a_writer_does_is_listed(dialect: DialectRules, conversation: Conversation) -> None:
    result = written(dialect, conversation)
    if isinstance(result, InvalidRequest):
        assert rule_of(result, dialect.rules) is not None, result.message
        return
    assert msgspec.json.decode(result.body)
    for change in result.changes:
        listed = dialect.dropped if change.kind is ChangeKind.DROPPED else dialect.changed
        assert change.field in listed


@pytest.mark.parametrize("dialect", DIALECTS)
def test_each_rule_has_a_reason_and_a_page_of_the_vendor(dialect: DialectRules) -> None:
    assert dialect.rules
    for rule in dialect.rules:
        assert rule.field
        assert rule.reason.endswith(".")
        assert "|" not in rule.reason
        assert rule.source.startswith("https://"), rule


def test_a_rejection_that_is_not_listed_is_found() -> None:
    listed = Rule("stop", "it has none.")
    assert rule_of(reject(listed, field="stop[0]"), [listed]) == listed
    assert rule_of(reject(Rule("stop", "it is new.")), [listed]) is None


def test_the_page_is_current_and_names_every_dialect() -> None:
    page = (DOCS / "translation.md").read_text("utf-8")
    assert page == translation_page()
    for dialect in dialect_rules():
        assert f"`{dialect.name}`" in page


def test_hints_that_a_format_does_not_have_are_listed_as_left_out() -> None:
    (openai,) = (one for one in dialect_rules() if one.name == "openai")
    assert "top_k" in openai.dropped
    assert "seed" not in openai.dropped
    changes = Changes()
    changes.drop("top_k")
    assert openai.write(Conversation(hints={Hint.TOP_K: b"1"})).changes == changes.all()


def test_rules_of_a_module_beside_the_writer_are_found() -> None:
    """A large dialect divides its writer."""
    for dialect in dialect_rules():
        module = importlib.import_module(f"penstock.rules.wire.{dialect.package}.request_writer")
        assert set(getattr(module, "RULES", ())) <= set(dialect.rules)
