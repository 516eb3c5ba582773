"""What a request has in it, and which targets of a route are for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.rules.call import Caller
from penstock.rules.call_conditions import CallFacts
from penstock.rules.code_languages import code_languages, known_code_languages
from penstock.rules.neutral.conversation import (
    Conversation,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Text,
    ToolCall,
    ToolResult,
)
from penstock.rules.request_content import RequestContent, content_of
from penstock.rules.snapshot.routes import TargetCondition
from penstock.rules.target_conditions import TargetConditionTest, problem_of_condition
from rules.conversations import conversations

GERMAN = "Wie ist das Wetter in Berlin und nicht in der Stadt?"

PROSE = [
    "Select three names from the list and insert them.",
    "Please define a function that adds two numbers.",
    "The class of 1999 met; import duties rose. From here on, use your words.",
    "Update me on the set of tables you create.",
    "Let me know.\nUse the public transport.\nPackage tours are cheap.",
]

CODE = {
    "python": "Why?\n\ndef add(a, b):\n    return a + b",
    "sql": "SELECT name, age FROM users WHERE age > 3",
    "go": 'package main\n\nfunc main() { println("x") }',
    "rust": "fn main() {\n    let mut x = 1;\n}",
    "javascript": "const x = 1\nfunction add(a, b) { return a + b }",
    "java": "public class Main {\n public static void main(String[] a) {}\n}",
    "c": "#include <stdio.h>\nint main() {}",
    "bash": "#!/bin/bash\necho 1",
    "html": "<!DOCTYPE html><p>x",
    "php": "<?php echo 1;",
}


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_code(text: str) -> None:
    assert code_languages(text) == frozenset()


@pytest.mark.parametrize("language", CODE)
def test_code_is_known_by_its_lines(language: str) -> None:
    assert {language, "any"} <= code_languages(CODE[language])


def test_the_names_of_fences_decide() -> None:
    fenced = "Compare:\n```py\nSELECT 1\n```\n```rust\nx\n```"
    assert code_languages(fenced) == {"python", "rust", "any"}
    assert code_languages("```\nx\n```") == {"any"}
    assert code_languages("```klingon\nx\n```") == {"any"}


@given(st.text(max_size=300))
def test_code_languages_are_known_ones(text: str) -> None:
    assert code_languages(text) <= {*known_code_languages(), "any"}


@pytest.mark.parametrize("line", ["class " + "(" * 50, "impl<", "select a,", "\n", " ", "fn a"])
def test_long_lines_and_many_lines_take_no_time(line: str) -> None:
    code_languages(line * 20_000)


def user(*parts: Text | Media | ToolResult) -> Message:
    return Message(MessageRole.USER, parts)


def test_the_last_text_of_the_user_decides_also_in_the_steps_of_an_agent() -> None:
    history = (
        Message(MessageRole.SYSTEM, (Text("You are of great help to all and it is that."),)),
        user(Text("What is the weather and how is it?")),
        Message(MessageRole.ASSISTANT, (Text("It is good and the sun is there."),)),
        user(Text(GERMAN)),
        Message(MessageRole.ASSISTANT, (ToolCall("1", "get", "{}"),)),
        user(ToolResult("1", (Media(MediaKind.IMAGE, data="aa"), Text("def x():")))),
    )
    found = content_of(Conversation(history))
    assert found == RequestContent("de", frozenset(), frozenset(("image",)))


@given(conversations())
def test_each_conversation_has_content(conversation: Conversation) -> None:
    found = content_of(conversation)
    assert found.media
    assert ("none" in found.media) is (len(found.media & {*MediaKind}) == 0)


FACTS = CallFacts(Caller(team="search", tags={"tier": "gold"}), "", "")
CONTENT = RequestContent("de", frozenset(("python", "any")), frozenset(("image",)))
CONDITIONS = st.builds(
    TargetCondition,
    only=st.dictionaries(
        st.sampled_from(("team", "tag:tier")), st.sampled_from((("search", "gold"), ("x",)))
    ),
    headers=st.dictionaries(st.just("x-plan"), st.sampled_from((("pro", "free"), ("x",)))),
    languages=st.sampled_from(((), ("de", "fr"), ("en",))),
    code=st.sampled_from(((), ("any",), ("go", "python"), ("go",))),
    media=st.sampled_from(((), ("image",), ("none",), ("audio", "image"))),
    min_tokens=st.sampled_from((0, 100, 101)),
    max_tokens=st.sampled_from((0, 99, 100)),
)


@given(CONDITIONS)
def test_a_call_must_fulfil_all_that_is_set(condition: TargetCondition) -> None:
    parts = [
        all(
            {"team": "search", "tag:tier": "gold"}[name] in of
            for name, of in condition.only.items()
        ),
        all("pro" in of for of in condition.headers.values()),
        not condition.languages or "de" in condition.languages,
        not condition.code or not {"python", "any"}.isdisjoint(condition.code),
        not condition.media or "image" in condition.media,
        condition.min_tokens <= 100,
        not condition.max_tokens or condition.max_tokens >= 100,
    ]
    test = TargetConditionTest(condition)
    assert test.admits(FACTS, {b"x-plan": b"pro"}, CONTENT, 100) is all(parts)
    empty = condition == TargetCondition()
    crossed = 0 < condition.max_tokens < condition.min_tokens
    assert bool(problem_of_condition(condition)) is (empty or crossed)
