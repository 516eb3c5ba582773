"""Exports of other products, in their own formats: contents, labels, and what cannot be carried."""

from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.entrypoints.cli.foreign_prompts.imported import ForeignPrompt, ForeignVersion
from penstock.entrypoints.cli.foreign_prompts.saving import check_names
from penstock.entrypoints.cli.foreign_prompts.templates import (
    Translated,
    translate,
    translate_langfuse,
)
from penstock.entrypoints.cli.prompt_import import Product, read_export
from penstock.kernel.errors import InvalidRequest, SetupError
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.render.prompt import compile_prompt

EXPORTS = Path(__file__).with_name("exports")
NAMES = ("x", "name", "_a1")
LITERALS = st.lists(
    st.sampled_from(
        ["{", "}", "{{", "}}", "{%", "%}", "{#", "#}", "text", "\n", " ", "-", "é", '"']
    )
).map("".join)


def prompts(product: Product) -> dict[str, ForeignPrompt]:
    return {each.name: each for each in read_export(product, EXPORTS / f"{product.value}.json")}


def content(version: ForeignVersion) -> PromptContent:
    assert version.content is not None, version.problem
    return version.content


def rendered(translated: Translated, **values: str) -> str:
    found = PromptContent("text", translated.text or " ", variables=dict(translated.variables))
    return compile_prompt(found).render(values).text


@given(st.lists(st.tuples(LITERALS, st.sampled_from(NAMES)), max_size=4), LITERALS)
def test_a_python_format_renders_as_python_renders_it(
    pieces: list[tuple[str, str]], end: str
) -> None:
    escaped = [(text.replace("{", "{{").replace("}", "}}"), name) for text, name in pieces]
    source = "".join(f"{text}{{{name}}}" for text, name in escaped)
    source += end.replace("{", "{{").replace("}", "}}")
    values = {name: f"<{{{{{name}" for _, name in pieces}
    if source:
        assert rendered(translate(source, "f-string"), **values) == source.format(**values)


@given(st.lists(st.tuples(LITERALS, st.sampled_from(NAMES)), max_size=4), LITERALS)
@pytest.mark.parametrize("written", ["double", "langfuse"])
def test_double_braces_replace_names_and_nothing_else(
    written: str, pieces: list[tuple[str, str]], end: str
) -> None:
    plain = [(text.replace("}}", "").replace("{{", "").strip("{}"), name) for text, name in pieces]
    rest = end.replace("}}", "").replace("{{", "").strip("{}")
    source = "".join(f"{text}{{{{ {name} }}}}" for text, name in plain) + rest
    values = {name: "{{value}}" for _, name in pieces}
    expected = "".join(f"{text}{{{{value}}}}" for text, _ in plain) + rest
    found = translate_langfuse(source) if written == "langfuse" else translate(source, "double")
    if source:
        assert rendered(found, **values) == expected


@given(st.text(alphabet="{}xa.!:[]#%@ ", max_size=40))
@pytest.mark.parametrize("written", ["f-string", "mustache", "jinja2", "double"])
def test_any_text_is_translated_or_refused(written: str, text: str) -> None:
    try:
        found = translate(text, written)
    except InvalidRequest:
        return
    result = rendered(found, **dict.fromkeys(found.names, "v"))
    if written == "f-string" and text:
        fields = {name for _, name, _, _ in Formatter().parse(text) if name}
        assert result == text.format(**dict.fromkeys(fields, "v"))


@pytest.mark.parametrize("text", ["{", "{{", "@@@langfusePrompt:", "{{{", "{ {"])
def test_long_texts_of_braces_are_read(text: str) -> None:
    for written in ("mustache", "double"):
        assert rendered(translate(text * 2000, written))
    assert rendered(translate_langfuse(text * 2000))


def test_langfuse() -> None:
    found = prompts(Product.LANGFUSE)
    first, second = found["movie critic"].versions
    assert found["movie critic"].own_name == "movie-critic"
    assert (first.shown, first.labels, second.labels) == ("1", ["Tenant-1"], ["production"])
    made = content(second)
    assert made.parameters["model"] == "gpt-4o"
    assert compile_prompt(made).render({"level": "stern", "movie": "Dune"}).text == (
        'As a stern critic, do you like Dune? {%no block%} {{"a": {"b": 1}}}'
    )
    assert second.message == "Shorter"
    assert second.left_out == ["tags (movies): prompts have folders and labels"]
    chat = content(found["support/reply"].versions[0])
    assert chat.messages[0].content == '{% include "shared/style@production" %} Be kind.'
    assert chat.messages[1].placeholder == "history"
    assert (len(chat.tools), chat.response_schema) == (1, {"type": "object"})
    assert "'user.name' is not the name" in found["bad"].versions[0].problem


def test_langsmith() -> None:
    found = prompts(Product.LANGSMITH)
    first, second = found["support-answer"].versions
    assert (first.labels, second.labels) == (["production"], ["staging"])
    turn = compile_prompt(content(first)).render(
        {"language": "French", "question": "Why?", "history": []}
    )
    assert turn.messages[0] == {"role": "system", "content": "You answer in French. JSON is {}."}
    assert content(second).parameters == {"model": "gpt-4o", "temperature": 0.2}
    assert second.left_out == ["examples", "model.tools", "model.openai_api_key"]
    assert content(found["hello"].versions[0]).text == "Hi {{ name }}"
    assert "FewShotPromptTemplate" in found["few"].versions[0].problem


def test_mlflow() -> None:
    found = prompts(Product.MLFLOW)
    assert set(found) == {"summary", "chat"}
    first, second = found["summary"].versions
    assert (first.labels, second.labels) == (["staging"], ["production"])
    assert content(first).text == "Summarize {{ content }} in {{ n }} words."
    made = content(second)
    assert made.parameters == {"temperature": 0.1, "model": "gpt-4o", "seed": 7}
    assert made.response_schema is not None
    assert second.left_out == ["tag author"]
    assert [each.role for each in content(found["chat"].versions[0]).messages] == ["system", "user"]


def test_promptlayer() -> None:
    found = prompts(Product.PROMPTLAYER)
    welcome = found["welcome"].versions[0]
    assert content(welcome).parameters == {"temperature": 0.7, "model": "gpt-4o"}
    assert compile_prompt(content(welcome)).render({"name": "Ann"}).text == (
        "Welcome Ann, take {this}."
    )
    assert welcome.labels == ["prod"]
    assert [each.split(" (")[0] for each in welcome.left_out] == [
        "tag mail",
        "metadata.customer",
        "metadata.model.provider",
    ]
    agent = found["agent"].versions[0]
    assert [each.role for each in content(agent).messages] == ["system", "", "user"]
    assert agent.left_out == ["tool_choice"]
    assert "image_url" in found["picture"].versions[0].problem


@pytest.mark.parametrize("product", list(Product))
@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", "null", '{"data": 1}', "[" * 5000, '"x"'])
def test_a_file_that_is_no_export_is_refused(product: Product, text: str, tmp_path: Path) -> None:
    file = tmp_path / "export.json"
    file.write_text(text)
    with pytest.raises(SetupError, match=product.value):
        read_export(product, file)


def test_two_names_that_would_be_one_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="would both be 'a-b'"):
        check_names([ForeignPrompt("a b"), ForeignPrompt("a-b")])
