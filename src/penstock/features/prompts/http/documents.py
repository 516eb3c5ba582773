"""The bodies of prompts: contents, versions, labels."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from penstock.features.prompts.model import (
    DIGEST,
    MAX_COMMENT_CHARS,
    MAX_MESSAGE_CHARS,
    MAX_NAME_CHARS,
    MovedPrompt,
    NewVersion,
    PromptComment,
    ResolvedPrompt,
    StoredPrompt,
    StoredVersion,
    VersionHead,
)
from penstock.infra.web.moments import moment_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent, VariableType

Number = Annotated[int, Field(ge=1, le=10**8)]
SeenNumber = Annotated[int, Field(ge=0, le=10**8)]
Digest = Annotated[str, Field(pattern=f"^{DIGEST.pattern}$")]
EnumValue = Annotated[str, Field(max_length=200)]
Note = Annotated[str, Field(max_length=MAX_MESSAGE_CHARS)]


class VariableBody(RequestBody):
    """A variable. Without `default` callers must give a value; `values` are those of an enum."""

    type: VariableType = VariableType.STRING
    description: Annotated[str, Field(max_length=1000)] = ""
    default: Any = None
    values: list[EnumValue] = Field(max_length=100, default_factory=list[EnumValue])


class MessageBody(RequestBody):
    """A message of a chat prompt: `role` and `content`, or `placeholder`."""

    role: Literal["", "system", "developer", "user", "assistant", "tool"] = ""
    content: str = ""
    placeholder: Annotated[str, Field(max_length=64)] = ""


class ContentBody(RequestBody):
    """The content of a version. Parts that are absent take no part in its hash. `partials`: the
    content hash of each included prompt, by the name in the template; the server adds those that
    are absent."""

    kind: Literal["text", "chat"]
    text: str = ""
    messages: list[MessageBody] = Field(max_length=200, default_factory=list[MessageBody])
    variables: dict[str, VariableBody] = Field(
        max_length=100, default_factory=dict[str, VariableBody]
    )
    tools: list[dict[str, Any]] = Field(max_length=128, default_factory=list[dict[str, Any]])
    response_schema: dict[str, Any] | None = None
    parameters: dict[str, Any] = Field(max_length=100, default_factory=dict[str, Any])
    partials: dict[str, Digest] = Field(max_length=64, default_factory=dict[str, Digest])

    def content(self) -> PromptContent:
        """Returns the content, with line ends as \\n. Raises `InvalidRequest`."""
        try:
            found = msgspec.convert(self.model_dump(exclude_unset=True), PromptContent)
        except (msgspec.ValidationError, OverflowError) as error:
            raise InvalidRequest(f"The content is not valid: {error}") from None
        messages = tuple(
            msgspec.structs.replace(each, content=_lines(each.content)) for each in found.messages
        )
        return msgspec.structs.replace(found, text=_lines(found.text), messages=messages)


class NewVersionBody(RequestBody):
    """A version to save. `parent`: the content hash of the version that it changes. If that is not
    the latest one, the answer is 409 `prompt_changed`."""

    content: ContentBody
    parent: Digest
    message: Note = ""

    def version(self) -> NewVersion:
        return NewVersion(self.content.content(), self.parent, self.message)


class NewPromptBody(RequestBody):
    """A prompt to add, with its first version."""

    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)]
    content: ContentBody
    message: Note = ""

    def version(self) -> NewVersion:
        return NewVersion(self.content.content(), "", self.message)


class RenderBody(RequestBody):
    """A content, and values of its variables."""

    content: ContentBody
    variables: dict[str, Any] = Field(max_length=200, default_factory=dict[str, Any])


class MoveBody(RequestBody):
    """A move of a label to `version`. `seen`: the version that it was at for the mover, 0 for none.
    If it is elsewhere now, the answer is 409 `label_moved`."""

    version: Number
    seen: SeenNumber
    message: Note = ""


class CommentBody(RequestBody):
    """A comment; `version` 0 is the prompt as a whole."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_COMMENT_CHARS)]
    version: SeenNumber = 0


class RuleBody(RequestBody):
    """The role that somebody needs to move a label; `editor` is the usual one."""

    role: Literal["editor", "admin", "owner"]


class VersionView(BaseModel):
    """A version without its content."""

    number: int
    digest: str
    parent: str
    author: str
    message: str
    created_at: datetime

    @classmethod
    def of(cls, head: VersionHead) -> "VersionView":
        return cls(
            number=head.number,
            digest=head.digest,
            parent=head.parent,
            author=head.author,
            message=head.message,
            created_at=moment_of(head.created_ms),
        )


class ContentView(ContentBody):
    """A content as it is stored: exactly the parts that are in its hash."""

    model_config = ConfigDict(extra="allow")


class FullVersionView(VersionView):
    """A version with its content."""

    content: ContentView

    @classmethod
    def of_version(cls, version: StoredVersion) -> "FullVersionView":
        head = VersionView.of(version.head)
        return cls(**head.model_dump(), content=_document(version.content))


class PromptView(BaseModel):
    """A prompt. `labels`: label → version. `removed_at`: since when it is removed; `old_names`:
    names under which callers still find it."""

    id: str
    name: str
    kind: Literal["text", "chat"]
    latest: int
    digest: str
    labels: dict[str, int]
    created_at: datetime
    updated_at: datetime
    removed_at: datetime | None
    old_names: list[str]

    @classmethod
    def of(cls, prompt: StoredPrompt) -> "PromptView":
        return cls(
            id=prompt.id,
            name=prompt.name,
            kind=prompt.kind,
            latest=prompt.latest,
            digest=prompt.digest,
            labels=dict(prompt.labels),
            created_at=moment_of(prompt.created_ms),
            updated_at=moment_of(prompt.updated_ms),
            removed_at=None if prompt.archived_ms is None else moment_of(prompt.archived_ms),
            old_names=list(prompt.old_names),
        )


class PromptMoveBody(RequestBody):
    """The name of a prompt and its new one, or two folders, which end with a slash."""

    old: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS + 1)]
    new: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS + 1)]


class MovedPromptView(BaseModel):
    """A prompt that has another name now."""

    id: str
    old: str
    new: str

    @classmethod
    def of(cls, moved: MovedPrompt) -> "MovedPromptView":
        return cls(id=moved.id, old=moved.old, new=moved.new)


class SavedView(BaseModel):
    """A prompt with the version that was saved."""

    prompt: PromptView
    version: FullVersionView

    @classmethod
    def of(cls, saved: tuple[StoredPrompt, StoredVersion]) -> "SavedView":
        prompt, version = saved
        return cls(prompt=PromptView.of(prompt), version=FullVersionView.of_version(version))


class ResolvedView(SavedView):
    """A version with everything that its rendering needs: the contents of its partials by hash."""

    partials: dict[str, ContentView]

    @classmethod
    def of_resolved(cls, found: ResolvedPrompt) -> "ResolvedView":
        return cls(
            prompt=PromptView.of(found.prompt),
            version=FullVersionView.of_version(found.version),
            partials={digest: _document(each) for digest, each in found.partials.items()},
        )


class RenderedView(BaseModel):
    """A rendered prompt; `text` is empty for chat prompts."""

    text: str
    messages: list[dict[str, Any]]


class CommentView(BaseModel):
    """A comment on a version, or on the prompt as a whole (0)."""

    id: str
    version: int
    author: str
    text: str
    created_at: datetime

    @classmethod
    def of(cls, comment: PromptComment) -> "CommentView":
        return cls(
            id=comment.id,
            version=comment.number,
            author=comment.author,
            text=comment.text,
            created_at=moment_of(comment.created_ms),
        )


def _document(content: PromptContent) -> ContentView:
    return ContentView.model_validate(msgspec.to_builtins(content))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
