"""Releases: their hash, and what they make of a request."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import (
    Conversation,
    Hint,
    Media,
    MediaKind,
    Message,
    MessageRole,
    Text,
    ToolChoice,
    ToolMode,
)
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import ReleaseSection, ServedRelease
from penstock.rules.snapshot.rollouts import RELEASES, ROLLOUTS

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CHAT = PromptContent(
    "chat",
    messages=(
        PromptMessage("system", "You are {{ tone }}."),
        PromptMessage(placeholder="history"),
        PromptMessage("user", "Answer in one sentence."),
    ),
    variables={"tone": PromptVariable(default="friendly")},
    parameters={"temperature": 0.2, "model": "gpt-4o"},
)
ASKED = Message(MessageRole.USER, (Text("Why?"), Media(MediaKind.IMAGE, url="https://x.org/a")))


def served(release: Release, prompt: PromptContent | None = None) -> ServedRelease:
    return ServedRelease.of(ReleaseSection("prj", release.digest(), release, prompt))


def texts(conversation: Conversation) -> list[tuple[str, str]]:
    return [
        (message.role.value, part.text)
        for message in conversation.messages
        for part in message.parts
        if isinstance(part, Text)
    ]


def test_absent_parts_take_no_part_in_the_hash() -> None:
    release = Release(model="support-route")
    assert release.digest() == Release("support-route", "", {}, (), None, {}).digest()
    # A hash that a stored release has: it must never change.
    expected = "ab104fa5"
    assert release.digest()[:8] == expected
    assert Release("support-route", parameters={"seed": 1}).digest() != release.digest()


def test_the_messages_of_a_request_stand_at_the_placeholder() -> None:
    release = served(Release("m", prompt="p"), CHAT)
    found = release.apply(Conversation((ASKED,), temperature=0.9), {"tone": "brief"})
    assert texts(found) == [
        ("system", "You are brief."),
        ("user", "Why?"),
        ("user", "Answer in one sentence."),
    ]
    (image,) = (p for m in found.messages for p in m.parts if isinstance(p, Media))
    assert image.url == "https://x.org/a"
    assert found.temperature == 0.2


def test_a_prompt_without_a_placeholder_takes_no_messages() -> None:
    release = served(Release("m", prompt="p"), PromptContent("text", "Say hello."))
    assert texts(release.apply(Conversation(), {})) == [("user", "Say hello.")]
    with pytest.raises(InvalidRequest) as caught:
        release.apply(Conversation((ASKED,)), {})
    assert caught.value.code == "release_variables"
    assert "placeholder `messages`" in caught.value.sentence()


@pytest.mark.parametrize(
    ("variables", "messages", "code"),
    [
        ({"ton": "brief"}, True, "variable_unknown"),
        ({"tone": 3}, True, "variable_invalid"),
        ({"history": [{"role": "user", "content": "x"}]}, True, "release_variables"),
        ({}, False, "variable_missing"),
        ({"history": [{"role": "tool", "content": "x"}]}, False, "release_variables"),
        ({"history": [{"role": "user", "content": ["x"]}]}, False, "release_variables"),
    ],
)
def test_wrong_variables_are_refused(
    variables: dict[str, object], messages: bool, code: str
) -> None:
    release = served(Release("m", prompt="p"), CHAT)
    with pytest.raises(InvalidRequest) as caught:
        release.apply(Conversation((ASKED,) if messages else ()), variables)
    assert caught.value.code == code


def test_a_release_without_a_prompt_takes_messages_and_no_variables() -> None:
    release = served(Release("m", tools=(WEATHER,), parameters={"tool_choice": "weather"}))
    found = release.apply(Conversation((ASKED,)), {})
    assert found.messages == (ASKED,)
    assert found.tool_choice == ToolChoice(ToolMode.REQUIRED, ("weather",))
    with pytest.raises(InvalidRequest, match="no prompt"):
        release.apply(Conversation((ASKED,)), {"x": 1})


@given(
    own=st.fixed_dictionaries(
        {},
        optional={
            "temperature": st.floats(0, 2),
            "top_p": st.floats(0, 1),
            "max_tokens": st.integers(1, 1000),
            "stop": st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4),
            "seed": st.integers(-1000, 1000),
            "parallel_tool_calls": st.booleans(),
        },
    )
)
def test_a_part_of_the_release_replaces_that_of_the_request_and_no_other(
    own: dict[str, Any],
) -> None:
    sent = Conversation(
        (ASKED,),
        temperature=1.0,
        top_p=0.5,
        max_output_tokens=7,
        stop=("end",),
        parallel_tool_calls=False,
        hints={Hint.SEED: b"4", Hint.USER: b'"u"'},
    )
    found = served(Release("m", parameters=own)).apply(sent, {})
    assert found.temperature == own.get("temperature", 1.0)
    assert found.top_p == own.get("top_p", 0.5)
    assert found.max_output_tokens == own.get("max_tokens", 7)
    assert found.stop == tuple(own.get("stop", ("end",)))
    assert found.parallel_tool_calls == own.get("parallel_tool_calls", False)
    assert found.hints == {Hint.SEED: str(own.get("seed", 4)).encode(), Hint.USER: b'"u"'}


@pytest.mark.parametrize(
    ("release", "named"),
    [
        (Release("m", parameters={"tempreature": 1}), "tempreature"),
        (Release("m", parameters={"temperature": 3}), "temperature"),
        (Release("m", parameters={"stop": ["x"] * 17}), "stop"),
        (Release("m", parameters={"stop": "x" * 257}), "stop"),
        (Release("m", tools=({"type": "web_search"},)), "tools.0"),
    ],
)
def test_a_part_that_is_wrong_is_named(release: Release, named: str) -> None:
    assert named in served(release).failure


def test_sections_of_releases_are_found_by_hash() -> None:
    release = Release("m")
    name = RELEASES.name("prj", release.digest())
    sections = {name: RELEASES.read(b'{"project_id":"prj","digest":"d","release":{"model":"m"}}')}
    found = RELEASES.find(sections, "prj", release.digest())
    assert found is not None
    assert (found.model, ROLLOUTS.find(sections, "prj")) == ("m", None)
