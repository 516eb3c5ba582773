"""The file format of prompts: front matter in YAML, then the text, or the messages each under a
line with its role (docs/prompts.md). Reading what was written gives the same content.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast

import msgspec
import yaml

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import ROLES, PromptContent, PromptMessage, PromptVariable

MAX_FILE_CHARS: Final = 1_000_000  # of a file; a larger one is rejected
MAX_FRONT_DEPTH: Final = 64  # of lists and mappings in the front matter; deeper ones are rejected
_CHANGED: Final = re.compile(
    "[\\x00-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ud800-\\udfff]|[ \\t]\\n|^\\s"
)
Resolvers = dict[str, list[tuple[str, re.Pattern[str]]]]
_FENCE: Final = "---\n"
_HEADER: Final = re.compile(rf"(?m)^\[({'|'.join(ROLES)}|messages \w+)\][ \t]*\n")
_LIKE_HEADER: Final = re.compile(rf"(?m)^(?=\\*\[(?:{'|'.join(ROLES)}|messages \w+)\][ \t]*$)")
_ESCAPED: Final = re.compile(rf"(?m)^\\(?=\\*\[(?:{'|'.join(ROLES)}|messages \w+)\][ \t]*$)")
_KEYS: Final = (
    "kind",
    "variables",
    "parameters",
    "tools",
    "response_schema",
    "partials",
    "parent",
)


@dataclass(frozen=True, slots=True)
class PromptFile:
    """The content of a file. `parent` is the hash of the version that it was made from, empty for
    a new prompt."""

    content: PromptContent
    parent: str = ""


def write_prompt(content: PromptContent, parent: str = "") -> str:
    """Returns the file of a content."""
    head: dict[str, object] = {"kind": content.kind}
    head["variables"] = {name: _variable(each) for name, each in content.variables.items()}
    head["parameters"] = content.parameters
    head["tools"] = list(content.tools)
    head["response_schema"] = content.response_schema
    head["partials"] = content.partials
    head["parent"] = parent
    given = {name: value for name, value in head.items() if value or name == "kind"}
    if content.response_schema is not None:
        given["response_schema"] = content.response_schema
    front = yaml.dump(given, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return f"{_FENCE}{front}{_FENCE}{_body(content)}"


def read_prompt(text: str) -> PromptFile:
    """Reads a file. Raises `InvalidRequest` that says what to write."""
    if len(text) > MAX_FILE_CHARS:
        raise _invalid(f"The file has more than {MAX_FILE_CHARS:,} characters.")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    front, body = _split(text)
    head = _front_matter(front)
    if unknown := sorted(set(head) - set(_KEYS)):
        raise _invalid(f"The front matter has an unknown key {unknown[0]!r}.", ", ".join(_KEYS))
    parent = str(head.pop("parent", "") or "")
    kind = head.setdefault("kind", "chat" if _HEADER.match(body) else "text")
    variables = head.get("variables")
    if isinstance(variables, dict):
        found = cast("dict[object, object]", variables)
        head["variables"] = {str(name): _long_form(each) for name, each in found.items()}
    if kind == "chat":
        head["messages"] = _messages(body)
    else:
        head["text"] = body.removesuffix("\n")
    try:
        content = msgspec.convert(head, PromptContent, strict=True)
    except msgspec.ValidationError as error:
        raise _invalid(f"The front matter is not valid: {error}.") from None
    return PromptFile(content, parent)


def _body(content: PromptContent) -> str:
    if content.kind == "text":
        return f"{content.text}\n"
    return "\n".join(_message(each) for each in content.messages)


def _message(message: PromptMessage) -> str:
    if message.placeholder:
        return f"[messages {message.placeholder}]\n"
    return f"[{message.role}]\n{_LIKE_HEADER.sub(_backslash, message.content)}\n"


def _backslash(_: re.Match[str]) -> str:
    return "\\"


def _messages(body: str) -> list[dict[str, str]]:
    """Reads messages. One line end belongs to the header after a content, and one to its end."""
    before, *parts = _HEADER.split(body if body.endswith("\n") else f"{body}\n")
    if before.strip() or not parts:
        raise _invalid(
            "A chat prompt begins with a line like [system].",
            f"Roles are {', '.join(ROLES)}; [messages NAME] stands for a variable with messages.",
        )
    headers, contents = parts[::2], parts[1::2]
    found: list[dict[str, str]] = []
    for at, (header, content) in enumerate(zip(headers, contents, strict=True)):
        is_last = at == len(headers) - 1
        text = content.removesuffix("\n")
        text = text if is_last else text.removesuffix("\n")
        if header.startswith("messages "):
            if text.strip():
                raise _invalid(f"[{header}] has no text of its own: {text.strip()[:40]!r}.")
            found.append({"placeholder": header.removeprefix("messages ")})
        else:
            found.append({"role": header, "content": _ESCAPED.sub("", text)})
    return found


def _variable(variable: PromptVariable) -> object:
    document = msgspec.to_builtins(variable)
    return variable.type.value if set(document) <= {"type"} else document


def _long_form(value: object) -> object:
    return {"type": value} if isinstance(value, str) else value


def _split(text: str) -> tuple[str, str]:
    if not text.startswith(_FENCE):
        return "", text
    front, fence, body = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
    if not fence:
        raise _invalid("The front matter does not end.", "Write --- below it.")
    return f"{front}\n", body


def _front_matter(text: str) -> dict[str, Any]:
    try:
        _check_events(text)
        found: object = yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _invalid(f"The front matter is not YAML: {error}.") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _invalid("The front matter must be a mapping like `kind: text`.")
    return {str(name): value for name, value in cast("dict[object, Any]", found).items()}


def _check_events(text: str) -> None:
    """Rejects what makes a short file large or slow, before it is loaded."""
    depth = 0
    for event in cast("Iterator[yaml.Event]", yaml.parse(text)):
        if isinstance(event, yaml.AliasEvent):
            raise _invalid("Aliases (*name) are not allowed in the front matter.")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_FRONT_DEPTH:
            raise _invalid("The front matter is not YAML that we read: it is nested too deeply.")


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    """Texts of several lines as blocks, others with what YAML would change in quotes."""
    changed = _CHANGED.search(text)
    style = '"' if changed else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


class _Loader(yaml.SafeLoader):
    """YAML with the values of JSON: dates stay text."""

    yaml_implicit_resolvers: ClassVar[Resolvers] = {  # pyright: ignore[reportIncompatibleVariableOverride] - PyYAML reads it from the class
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class _Dumper(yaml.SafeDumper):
    """YAML without anchors."""

    yaml_representers: ClassVar[dict[type, Any]] = {
        **yaml.SafeDumper.yaml_representers,
        str: _represent,
    }

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's interface
        return True


def _invalid(message: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="prompt_file_invalid")
