"""The file format of prompts: reading what was written gives the same content."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import (
    PromptContent,
    PromptMessage,
    PromptVariable,
    VariableType,
)
from penstock.rules.prompts.file import read_prompt, write_prompt

TEXT = st.lists(
    st.sampled_from(
        [
            "[user]",
            "[system] ",
            "\\[user]",
            "\\\\[assistant]",
            "[messages h]",
            "---",
            "\n",
            "\n\n",
            "a: b",
            "{{ x }}",
            " ",
            "\t",
            "é🎉",
            "#",
            "- ",
            "\u2028",
            "\x85",
            "'",
            '"',
            "x" * 120,
        ]
    ),
    max_size=8,
).map("".join)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    TEXT,
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["2020-01-01", "yes", "null", "1e3", "0x1F", "012", "~", "1:30", "=", "<<"]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "on", "1", "<<"]), inner)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from(["question", "history", "n", "yes", "no"])
VARIABLES = st.dictionaries(
    NAMES,
    st.one_of(
        st.builds(PromptVariable, st.sampled_from(list(VariableType))),
        st.builds(PromptVariable, default=JSON, description=TEXT, values=st.just(("a", "1"))),
    ),
    max_size=3,
)
PARTS: dict[str, Any] = {
    "variables": VARIABLES,
    "tools": st.lists(st.dictionaries(NAMES, JSON, max_size=2), max_size=2).map(tuple),
    "response_schema": st.one_of(st.none(), st.dictionaries(NAMES, JSON, max_size=2)),
    "parameters": st.dictionaries(NAMES, JSON, max_size=2),
    "partials": st.dictionaries(st.just("a/b@production"), st.just("0" * 64), max_size=1),
}
MESSAGES = st.lists(
    st.one_of(
        st.builds(PromptMessage, st.sampled_from(["system", "user", "assistant"]), TEXT),
        st.builds(PromptMessage, placeholder=NAMES),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
CONTENTS = st.one_of(
    st.builds(PromptContent, st.just("text"), text=TEXT, **PARTS),
    st.builds(PromptContent, st.just("chat"), messages=MESSAGES, **PARTS),
)


@given(CONTENTS, st.sampled_from(["", "ab" * 32]))
@example(PromptContent("chat", messages=(PromptMessage("user", "\n"), PromptMessage("user"))), "")
@example(PromptContent("text", "[user]\nx\n"), "")
def test_reading_what_was_written_gives_the_same(content: PromptContent, parent: str) -> None:
    found = read_prompt(write_prompt(content, parent))
    assert (found.content, found.parent) == (content, parent)
    assert found.content.digest() == content.digest()


def test_a_file_by_hand() -> None:
    text = """\
---
variables:
  question: string
  tone: {type: enum, values: [kind, short], default: kind}
parameters:
  temperature: 0.2
---
[system]
Be {{ tone }}.
[messages history]

[user]
{{ question }}"""
    found = read_prompt(text.replace("\n", "\r\n")).content
    assert [(each.role, each.content) for each in found.messages] == [
        ("system", "Be {{ tone }}."),
        ("", ""),
        ("user", "{{ question }}"),
    ]
    assert found.messages[1].placeholder == "history"
    assert found.variables["question"] == PromptVariable()
    assert found.parameters == {"temperature": 0.2}
    assert read_prompt("Hello\n").content == PromptContent("text", "Hello")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("---\nkind: text\n", "does not end"),
        ("---\nkind: [\n---\nx", "not YAML"),
        ("---\n- a\n---\nx", "must be a mapping"),
        ("---\nmodel: x\n---\nx", "unknown key 'model'"),
        ("---\nkind: song\n---\nx", "not valid"),
        ("---\nvariables: {a: numeral}\n---\nx", "not valid"),
        ("---\nvariables: {a: &x [1], b: *x}\n---\nx", "Aliases"),
        ("---\nparameters: !!python/object/apply:os.system [id]\n---\nx", "not YAML"),
        ("---\nkind: chat\n---\nHello", "begins with a line like [system]"),
        ("---\nkind: chat\n---\n[messages old]\nhello\n", "no text of its own"),
        ("---\n" + "[" * 3000 + "\n---\nx", "not YAML"),
        ("x" * 1_000_001, "1,000,000 characters"),
    ],
)
def test_a_file_that_is_not_valid_is_rejected_with_a_sentence(text: str, part: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        read_prompt(text)
    assert part in caught.value.message
    assert len(caught.value.message) < 400
