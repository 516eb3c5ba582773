"""Compiles the content of a prompt with its partials, and renders it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, cast

import msgspec

from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import (
    ROLES,
    PromptContent,
    PromptMessage,
    PromptVariable,
    VariableType,
)
from penstock.rules.render.errors import RenderFailure, TemplateError, TemplateSource
from penstock.rules.render.names import RESERVED
from penstock.rules.render.run import Run
from penstock.rules.render.syntax import Template, parse_template
from penstock.rules.render.values import PlainReader, check_value, check_values

MAX_CONTENT_BYTES: Final = 512 * 1024  # of one version as JSON; larger ones are rejected
MAX_MESSAGES: Final = 200  # of a chat prompt; more are rejected
MAX_VARIABLES: Final = 100  # of a prompt with its partials; more are rejected
MAX_TOOLS: Final = 128  # of a prompt; more are rejected
MAX_ENUM_VALUES: Final = 100  # of one variable; more are rejected
MAX_PARTIALS: Final = 64  # of a prompt, with those inside of partials; more are rejected
MAX_PARTIAL_DEPTH: Final = 8  # of partials inside each other; more are rejected
MAX_TOTAL_DEPTH: Final = 120  # of blocks and expressions, with those of partials; more are rejected
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_EMPTY: Final = Template(lambda _run: None, {}, 0)

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A rendered prompt. `text` is empty for a chat prompt; the messages of a text prompt are one
    of the user. `placeholders`: where the messages of each begin."""

    text: str
    messages: list[Message]
    placeholders: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class CompiledPrompt:
    """A prompt that may be rendered. `variables` are its own and those of its partials."""

    content: PromptContent
    variables: Mapping[str, PromptVariable]
    templates: tuple[Template | None, ...]

    def render(self, values: Mapping[str, object]) -> RenderedPrompt:
        """Renders with these values of the variables. Raises `InvalidRequest`: `variable_missing`,
        `variable_unknown`, `variable_invalid`, `render_failed`, `render_limit`."""
        known = check_values(self.variables, values)
        run = Run(dict(known))
        if self.content.kind == "text":
            text = _rendered(run, self.templates[0])
            return RenderedPrompt(text, [{"role": "user", "content": text}])
        messages: list[Message] = []
        placeholders: dict[str, int] = {}
        for message, template in zip(self.content.messages, self.templates, strict=True):
            if message.placeholder:
                placeholders.setdefault(message.placeholder, len(messages))
                messages.extend(cast("list[Message]", known[message.placeholder]))
            else:
                content = _rendered(run, template)
                messages.append({"role": message.role, "content": content})
        return RenderedPrompt("", messages, placeholders)


def compile_prompt(
    content: PromptContent, partials: Mapping[str, PromptContent] = MappingProxyType({})
) -> CompiledPrompt:
    """Compiles a prompt. `partials`: the contents that it includes, directly or not, by content
    hash. Raises `TemplateError`, and `InvalidRequest` for other parts that are not valid."""
    check_parts(content)
    linker = _Linker(content, partials)
    places = sources(content)
    templates = linker.templates(content, places, 0)
    variables = _with_placeholders(content, linker.variables)
    if len(variables) > MAX_VARIABLES:
        raise _invalid(f"A prompt has at most {MAX_VARIABLES} variables.", "variables")
    for template, place in zip(templates, places, strict=True):
        _check_names(template, place, variables)
    return CompiledPrompt(content, variables, templates)


def find_includes(content: PromptContent) -> list[str]:
    """Returns the names of the partials that the templates include, in order. Raises
    `TemplateError`."""
    found: dict[str, None] = {}

    def collect(name: str) -> Template:
        found[name] = None
        return _EMPTY

    for text, place in zip(_texts(content), sources(content), strict=True):
        parse_template(text or "", place, collect)
    return list(found)


def sources(content: PromptContent) -> list[TemplateSource]:
    """Returns the names of the templates of a prompt."""
    if content.kind == "text":
        return [TemplateSource()]
    return [
        TemplateSource(f"Message {at + 1}", f"messages.{at}.content")
        for at in range(len(content.messages))
    ]


def check_parts(content: PromptContent) -> None:
    """Raises `InvalidRequest` if parts other than templates are not valid."""
    _check_json(content)
    for name, variable in content.variables.items():
        check_variable(name, variable)
    if len(canonical_json(content)) > MAX_CONTENT_BYTES:
        raise _invalid(f"A version has at most {MAX_CONTENT_BYTES // 1024} KiB.", "")
    if content.kind == "text" and (content.messages or not content.text):
        raise _invalid("A text prompt has a text, and no messages.", "text")
    if content.kind == "chat" and (content.text or not content.messages):
        raise _invalid("A chat prompt has messages, and no text.", "messages")
    if len(content.messages) > MAX_MESSAGES:
        raise _invalid(f"A prompt has at most {MAX_MESSAGES} messages.", "messages")
    if len(content.tools) > MAX_TOOLS:
        raise _invalid(f"A prompt has at most {MAX_TOOLS} tools.", "tools")
    for at, message in enumerate(content.messages):
        _check_message(message, f"messages.{at}")


def check_variable(name: str, variable: PromptVariable) -> None:
    """Raises `InvalidRequest` if a declaration is not valid."""
    where = f"variables.{name}"
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise _invalid(
            f"{name!r} is not a valid name of a variable.",
            where,
            "Use letters, digits and _, and none of the words of the template language.",
        )
    is_enum = variable.type is VariableType.ENUM
    values = variable.values
    if is_enum != bool(values) or len(set(values)) != len(values) or len(values) > MAX_ENUM_VALUES:
        raise _invalid(
            f"The variable `{name}` has wrong values.",
            where,
            f"An enum has 1 to {MAX_ENUM_VALUES} different values, other types have none.",
        )
    if variable.default is not msgspec.UNSET:
        check_value(name, variable, variable.default, PlainReader())


def _check_json(content: PromptContent) -> None:
    parts = {
        "tools": content.tools,
        "response_schema": content.response_schema,
        "parameters": content.parameters,
    }
    for name, part in parts.items():
        try:
            PlainReader().read(part)
        except RenderFailure as failure:
            raise _invalid(f"The part `{name}` {failure.message}.", name, failure.hint) from None


class _Linker:
    """Compiles templates with their partials, each partial once, and collects the variables."""

    def __init__(self, content: PromptContent, partials: Mapping[str, PromptContent]) -> None:
        self._partials = partials
        self._compiled: dict[str, Template] = {}
        self.variables: dict[str, PromptVariable] = dict(content.variables)

    def templates(
        self, content: PromptContent, places: Sequence[TemplateSource], level: int
    ) -> tuple[Template | None, ...]:
        """Returns the template of each text; none for a placeholder."""

        def include(name: str) -> Template:
            digest = content.partials.get(name, "")
            if digest not in self._compiled:
                self._compiled[digest] = self._partial(name, digest, level + 1)
            return self._compiled[digest]

        return tuple(
            None if text is None else parse_template(text, place, include)
            for text, place in zip(_texts(content), places, strict=True)
        )

    def _partial(self, name: str, digest: str, level: int) -> Template:
        partial = self._partials.get(digest)
        if partial is None:
            raise RenderFailure(f"There is no partial `{name}`.")
        if partial.kind != "text":
            raise RenderFailure(f"`{name}` is a chat prompt.", "Only text prompts can be included.")
        if level > MAX_PARTIAL_DEPTH or len(self._compiled) >= MAX_PARTIALS:
            raise RenderFailure(
                f"More than {MAX_PARTIAL_DEPTH} partials are inside each other, or more than "
                f"{MAX_PARTIALS} are used."
            )
        for variable, declared in partial.variables.items():
            known = self.variables.setdefault(variable, declared)
            if known.type is not declared.type:
                raise RenderFailure(
                    f"`{variable}` is {known.type.value} here, and {declared.type.value} in "
                    f"`{name}`.",
                    "Rename one of them, or give both the same type.",
                )
        (template,) = self.templates(
            partial, (TemplateSource(f"Partial {name!r}", "partials"),), level
        )
        assert template is not None  # noqa: S101 - a text prompt has no placeholders
        if template.depth > MAX_TOTAL_DEPTH:
            raise RenderFailure(
                "The partials have too many blocks and expressions inside each other."
            )
        return template


def _texts(content: PromptContent) -> list[str | None]:
    """The templates of a prompt; `None` for a placeholder."""
    if content.kind == "text":
        return [content.text]
    return [None if each.placeholder else each.content for each in content.messages]


def _check_message(message: PromptMessage, where: str) -> None:
    if message.placeholder:
        if message.role or message.content:
            raise _invalid("A placeholder has no role and no content.", where)
    elif message.role not in ROLES:
        raise _invalid(
            f"{message.role!r} is not a role.", f"{where}.role", f"Use one of {', '.join(ROLES)}."
        )


def _with_placeholders(
    content: PromptContent, variables: Mapping[str, PromptVariable]
) -> dict[str, PromptVariable]:
    found = dict(variables)
    for at, message in enumerate(content.messages):
        if name := message.placeholder:
            known = found.setdefault(name, PromptVariable(VariableType.MESSAGES))
            check_variable(name, known)
            if known.type is not VariableType.MESSAGES:
                raise _invalid(
                    f"The variable `{name}` stands for messages, and is {known.type.value}.",
                    f"messages.{at}.placeholder",
                    "Give it the type `messages`.",
                )
    return found


def _check_names(
    template: Template | None, place: TemplateSource, variables: Mapping[str, PromptVariable]
) -> None:
    for name, line in template.names.items() if template else ():
        if name not in variables:
            similar = get_close_matches(name, variables, n=1)
            hint = f"Did you mean `{similar[0]}`?" if similar else "Declare it in `variables`."
            raise TemplateError(
                place, line, f"`{name}` is not declared.", hint=hint, code="variable_undeclared"
            )


def _rendered(run: Run, template: Template | None) -> str:
    assert template is not None  # noqa: S101 - only placeholders have none
    run.scopes[1:] = [{}]  # names that one message sets are unknown in the next one
    try:
        template.run(run)
    except RecursionError:
        raise InvalidRequest("The template is nested too deeply.", code="render_limit") from None
    return run.taken()


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="prompt_invalid", param=param)
