"""The documents of prompts: what a version contains. Parts that are absent take no part in its
content hash, so that parts that are added later change no old hash.
"""

from enum import StrEnum
from typing import Any, Final, Literal

import msgspec

from penstock.kernel.digests import content_hash
from penstock.rules.document import Document

ROLES: Final = ("system", "developer", "user", "assistant", "tool")


class VariableType(StrEnum):
    """The type of a variable."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    LIST = "list"
    OBJECT = "object"
    ENUM = "enum"  # one of `values`
    MESSAGES = "messages"  # a list of chat messages


class PromptVariable(Document, frozen=True):
    """A variable of a prompt. Without `default` callers must give a value."""

    type: VariableType = VariableType.STRING
    description: str = ""
    default: Any = msgspec.UNSET
    values: tuple[str, ...] = ()


class PromptMessage(Document, frozen=True):
    """A message of a chat prompt: a role and a template; or `placeholder`, the name of a variable
    with messages that stand here."""

    role: str = ""
    content: str = ""
    placeholder: str = ""


class PromptContent(Document, frozen=True):
    """The content of a version. `partials`: the content hash of each prompt that the templates
    include, by the name in the template."""

    kind: Literal["text", "chat"]
    text: str = ""
    messages: tuple[PromptMessage, ...] = ()
    variables: dict[str, PromptVariable] = {}  # noqa: RUF012 - msgspec copies it for each version
    tools: tuple[dict[str, Any], ...] = ()
    response_schema: dict[str, Any] | None = None
    parameters: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each version
    partials: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each version

    def digest(self) -> str:
        """Returns the content hash."""
        return content_hash(self)
