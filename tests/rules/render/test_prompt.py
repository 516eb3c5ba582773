"""Prompts: variables, chat messages, partials, and errors that name the place."""

from typing import Any

import msgspec
import pytest

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import (
    PromptContent,
    PromptMessage,
    PromptVariable,
    VariableType,
)
from penstock.rules.render.prompt import CompiledPrompt, compile_prompt, find_includes

ANY = PromptVariable()
CHAT = PromptContent(
    "chat",
    messages=(
        PromptMessage("system", "You help {{ company }}.\n"),
        PromptMessage(placeholder="history"),
        PromptMessage("user", "{{ question }}"),
    ),
    variables={"company": PromptVariable(default="Acme"), "question": ANY},
)


def text(template: str, **variables: PromptVariable) -> CompiledPrompt:
    return compile_prompt(PromptContent("text", template, variables=variables))


def error_of(function: Any, *arguments: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        function(*arguments)
    return caught.value


def test_a_text_prompt_is_also_a_message_of_the_user() -> None:
    done = text("Hello {{ name }}!\n", name=ANY).render({"name": "Ann"})
    assert done.text == "Hello Ann!\n"
    assert done.messages == [{"role": "user", "content": "Hello Ann!\n"}]


def test_a_chat_prompt_has_roles_and_messages_of_a_variable() -> None:
    history = [
        {"role": "user", "content": "Hi {{ company }}"},
        {"role": "assistant", "tool_calls": [{"id": "1"}]},
    ]
    done = compile_prompt(CHAT).render({"question": "Why?", "history": history})
    assert done.messages == [
        {"role": "system", "content": "You help Acme.\n"},
        *history,
        {"role": "user", "content": "Why?"},
    ]
    assert done.messages[1] is not history[0]


def test_values_are_text_and_never_templates() -> None:
    hostile = "{{ 7 * 7 }}{% include 'x' %}"
    assert text("{{ a }}", a=ANY).render({"a": hostile}).text == hostile


def test_names_that_one_message_sets_are_unknown_in_the_next() -> None:
    content = PromptContent(
        "chat",
        messages=(
            PromptMessage("system", "{% set a = 1 %}{{ a }}"),
            PromptMessage("user", "{{ a }}"),
        ),
    )
    error = error_of(compile_prompt, content)
    assert (error.code, error.param) == ("variable_undeclared", "messages.1.content")
    assert error.message == "Message 2, line 1: `a` is not declared."


@pytest.mark.parametrize(
    ("given", "code", "param", "part"),
    [
        ({}, "variable_missing", "variables.name", "The variables `name`, `count` are missing"),
        ({"name": "a"}, "variable_missing", "variables.count", "The variable `count` is missing"),
        ({"name": "a", "cuont": 1}, "variable_unknown", "variables", "Did you mean `count`?"),
        ({"name": 1, "count": 1}, "variable_invalid", "variables.name", "must be a string, not 1"),
        ({"name": None, "count": 1}, "variable_invalid", "variables.name", "not null"),
        ({"name": "a", "count": True}, "variable_invalid", "variables.count", "not True"),
        ({"name": "a", "count": 1.5}, "variable_invalid", "variables.count", "an integer, not 1.5"),
        ({"name": "a", "count": 2**70}, "variable_invalid", "variables.count", "too large"),
        ({"name": "a", "count": 1, "tone": "rude"}, "variable_invalid", "variables.tone", "kind"),
        ({"name": "a", "count": 1, "list": "x"}, "variable_invalid", "variables.list", "a list"),
        ({"name": "a", "count": 1, "list": [{1: 2}]}, "variable_invalid", "variables.list", "name"),
        ({"name": "a", "count": 1, "list": [object()]}, "variable_invalid", "variables.list", "ty"),
        (
            {"name": "a", "count": 1, "list": [float("nan")]},
            "variable_invalid",
            "variables.list",
            "finite",
        ),
        (
            {"name": "a", "count": 1, "old": ["x"]},
            "variable_invalid",
            "variables.old",
            "position 1",
        ),
        (
            {"name": "a", "count": 1, "old": [{"role": "boss"}]},
            "variable_invalid",
            "variables.old",
            "`role`",
        ),
    ],
)
def test_wrong_variables_are_named(given: dict[str, Any], code: str, param: str, part: str) -> None:
    prompt = text(
        "{{ name }}",
        name=ANY,
        count=PromptVariable(VariableType.INTEGER),
        tone=PromptVariable(VariableType.ENUM, default="kind", values=("kind", "short")),
        list=PromptVariable(VariableType.LIST, default=[]),
        old=PromptVariable(VariableType.MESSAGES, default=[]),
    )
    error = error_of(prompt.render, given)
    assert (error.code, error.param) == (code, param)
    assert part in error.sentence()


def test_values_have_limits() -> None:
    prompt = text("{{ a }}", a=PromptVariable(VariableType.LIST))
    deep: list[Any] = []
    for _ in range(40):
        deep = [deep]
    for value in (deep, [0] * 100_001, ["x" * 4_000_001]):
        assert error_of(prompt.render, {"a": value}).code == "variable_invalid"


def test_an_error_while_rendering_names_the_line() -> None:
    prompt = text("a\n\n{{ 1 / n }}", n=PromptVariable(VariableType.NUMBER))
    error = error_of(prompt.render, {"n": 0})
    assert error.message == "Line 3: Division by zero."
    absent = text("{{ o.a.b }}", o=PromptVariable(VariableType.OBJECT))
    assert "'a' does not exist" in error_of(absent.render, {"o": {}}).message


STYLE = PromptContent(
    "text", "Be {{ tone }}.\n", variables={"tone": PromptVariable(default="kind")}
)


def with_partial(content: PromptContent, **partials: PromptContent) -> CompiledPrompt:
    digests = {name: each.digest() for name, each in partials.items()}
    whole = msgspec.structs.replace(content, partials=digests)
    return compile_prompt(whole, {each.digest(): each for each in partials.values()})


def test_a_partial_brings_its_variables_and_sees_those_of_the_prompt() -> None:
    main = PromptContent("text", '{% include "style" %}\nBye.\n')
    prompt = with_partial(main, style=STYLE)
    assert prompt.render({}).text == "Be kind.\nBye.\n"
    assert prompt.render({"tone": "short"}).text == "Be short.\nBye.\n"
    bound = PromptContent("text", '{% for tone in ["a", "b"] %}{% include "style" %}{% endfor %}')
    assert with_partial(bound, style=STYLE).render({}).text == "Be a.\nBe b.\n"


def test_the_names_that_a_partial_sets_stay_inside() -> None:
    main = PromptContent("text", '{% set x = 1 %}{% include "p" %}{{ x }}')
    partial = PromptContent("text", "{% set x = 2 %}{{ x }}")
    assert with_partial(main, p=partial).render({}).text == "21"


@pytest.mark.parametrize(
    ("main", "partial", "part"),
    [
        ('{% include "other" %}', STYLE, "There is no partial `other`"),
        ('{% include "p" %}', CHAT, "is a chat prompt"),
        ('{% include "p" %}', PromptContent("text", "\n{{ x }}"), "Line 1: `x` is not declared"),
        ('{% include "p" %}', PromptContent("text", "\n{{ x() }}"), "Partial 'p', line 2:"),
    ],
)
def test_a_partial_that_does_not_fit_is_rejected(
    main: str, partial: PromptContent, part: str
) -> None:
    assert part in error_of(lambda: with_partial(PromptContent("text", main), p=partial)).message


def test_two_types_of_one_variable_are_rejected() -> None:
    main = PromptContent(
        "text", '{% include "p" %}', variables={"tone": PromptVariable(VariableType.NUMBER)}
    )
    assert "two types" not in error_of(lambda: with_partial(main, p=STYLE)).message
    assert "`tone` is number here, and string in `p`" in str(
        error_of(lambda: with_partial(main, p=STYLE))
    )


def nested(levels: int, body: str) -> tuple[PromptContent, dict[str, PromptContent]]:
    """Partials that include each other twice, `levels` deep."""
    known: dict[str, PromptContent] = {}
    here = PromptContent("text", "x")
    for _ in range(levels):
        known[here.digest()] = here
        here = PromptContent("text", body, partials={"p": here.digest()})
    return here, known


def test_partials_have_a_depth_and_their_steps_are_counted() -> None:
    here, known = nested(8, '{% include "p" %}{% include "p" %}')
    assert compile_prompt(here, known).render({}).text == "x" * 256
    assert (
        "More than 8 partials" in error_of(compile_prompt, *nested(9, '{% include "p" %}')).message
    )
    many = nested(8, '{% for i in range(9) %}{% include "p" %}{% endfor %}')
    assert error_of(compile_prompt(*many).render, {}).code == "render_limit"


def test_the_includes_of_a_prompt_are_found() -> None:
    content = PromptContent(
        "text", '{% include "a/b@production" %}{% if x %}{% include "c" %}{% endif %}'
    )
    assert find_includes(content) == ["a/b@production", "c"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (PromptContent("text"), "has a text"),
        (PromptContent("text", "x", messages=CHAT.messages), "no messages"),
        (PromptContent("chat"), "has messages"),
        (PromptContent("chat", messages=(PromptMessage("boss", "x"),)), "'boss' is not a role"),
        (PromptContent("chat", messages=(PromptMessage("user", "x", "y"),)), "no role"),
        (PromptContent("chat", messages=(PromptMessage("user", "x"),) * 201), "200 messages"),
        (PromptContent("text", "x" * 600_000), "512 KiB"),
        (PromptContent("text", "x", variables={"1a": ANY}), "not a valid name"),
        (PromptContent("text", "x", variables={"loop": ANY}), "not a valid name"),
        (
            PromptContent("text", "x", variables={"a": PromptVariable(values=("x",))}),
            "wrong values",
        ),
        (PromptContent("text", "x", variables={"a": PromptVariable(VariableType.ENUM)}), "wrong"),
        (
            PromptContent("text", "x", variables={"a": PromptVariable(default=1)}),
            "must be a string",
        ),
        (
            PromptContent("text", "x", variables={f"a{at}": ANY for at in range(101)}),
            "100 variables",
        ),
        (PromptContent("text", "x", tools=({},) * 129), "128 tools"),
        (
            PromptContent("chat", messages=(PromptMessage(placeholder="a"),), variables={"a": ANY}),
            "stands for messages",
        ),
    ],
)
def test_a_document_without_sense_is_rejected(content: PromptContent, part: str) -> None:
    assert part in error_of(compile_prompt, content).message


def test_absent_parts_take_no_part_in_the_hash() -> None:
    content = PromptContent("text", "Hello {{ name }}", variables={"name": ANY})
    encoded = msgspec.json.encode(content, order="sorted")
    assert encoded == b'{"kind":"text","text":"Hello {{ name }}","variables":{"name":{}}}'
    assert content.digest() == msgspec.json.decode(encoded, type=PromptContent).digest()
    assert replace_tools(content).digest() != content.digest()


def replace_tools(content: PromptContent) -> PromptContent:
    return msgspec.structs.replace(content, tools=({"name": "search"},))
