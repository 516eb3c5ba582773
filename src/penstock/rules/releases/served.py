"""A release as gateways serve it: compiled once, applied to each request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from msgspec.structs import replace

from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document
from penstock.rules.neutral.conversation import (
    Conversation,
    Message,
    MessageRole,
    Text,
    merge_messages,
)
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.releases.documents import Release
from penstock.rules.releases.options import read_options
from penstock.rules.render.prompt import CompiledPrompt, compile_prompt

OWN_MESSAGES: Final = "messages"  # the placeholder that stands for the messages of a request
_MODEL: Final = "model"  # a parameter of imported prompts; a release names its model itself
_ROLES: Final = {
    "system": MessageRole.SYSTEM,
    "developer": MessageRole.SYSTEM,
    "user": MessageRole.USER,
    "assistant": MessageRole.ASSISTANT,
}


class ReleaseSection(Document, frozen=True):
    """A release with everything that serving it needs. `partials`: by content hash."""

    project_id: str
    digest: str
    release: Release
    prompt: PromptContent | None = None
    partials: dict[str, PromptContent] = {}  # noqa: RUF012 - msgspec copies it for each section


@dataclass(frozen=True, slots=True)
class ServedRelease:
    """A release that answers calls. `options` are its parts beside the messages; `placeholder` is
    the one that the messages of a request stand for, if the prompt has one. `failure`: why this
    version of the gateway cannot serve it. `size`: bytes of the prompt. `prompt_version`: its hash,
    empty without a prompt. `steps`: of a chain, the hashes of the releases of its steps."""

    digest: str
    model: str
    options: Conversation
    prompt: CompiledPrompt | None = None
    placeholder: str = ""
    size: int = 0
    failure: str = ""
    prompt_version: str = ""
    steps: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, section: ReleaseSection) -> Self:
        """Compiles a section. Never fails: a section may come from a newer server."""
        release = section.release
        try:
            prompt, options = compile_release(release, section.prompt, section.partials)
        except InvalidRequest as error:
            return cls(section.digest, release.model, Conversation(), failure=error.sentence())
        size = len(canonical_json([section.prompt, section.partials])) if section.prompt else 0
        placeholder = _own_placeholder(section.prompt)
        return cls(
            section.digest,
            release.model,
            options,
            prompt,
            placeholder,
            size,
            prompt_version=release.prompt,
            steps=release.steps,
        )

    def apply(self, request: Conversation, variables: Mapping[str, object]) -> Conversation:
        """Returns the request as the release says: its messages around those of the caller, its
        other parts in place of the caller's. Raises `InvalidRequest` for variables or messages that
        it does not take."""
        own = self.options
        return replace(
            request,
            messages=self._messages(request.messages, variables),
            tools=own.tools or request.tools,
            tool_choice=own.tool_choice or request.tool_choice,
            parallel_tool_calls=_first(own.parallel_tool_calls, request.parallel_tool_calls),
            output=own.output or request.output,
            reasoning=own.reasoning or request.reasoning,
            max_output_tokens=own.max_output_tokens or request.max_output_tokens,
            temperature=_first(own.temperature, request.temperature),
            top_p=_first(own.top_p, request.top_p),
            stop=own.stop or request.stop,
            hints=request.hints | own.hints,
        )

    def _messages(
        self, sent: tuple[Message, ...], variables: Mapping[str, object]
    ) -> tuple[Message, ...]:
        if self.prompt is None:
            if variables:
                raise _rejection(
                    "This use case has no prompt, so it takes no variables.", "", "variables"
                )
            return sent
        if not sent:
            return _neutral(self.prompt.render(variables).messages)
        name = self.placeholder
        if not name:
            raise _rejection(
                "The prompt of this use case takes no messages.",
                "Send `variables` and no messages, or give the prompt a placeholder `messages`.",
                OWN_MESSAGES,
            )
        if name in variables:
            raise _rejection(
                f"The request has messages, and the variable `{name}` that stands for them.",
                "Send one of the two.",
                f"variables.{name}",
            )
        rendered = self.prompt.render({**variables, name: []})
        at = rendered.placeholders[name]
        around = rendered.messages
        return merge_messages((*_neutral(around[:at]), *sent, *_neutral(around[at:])))


def compile_release(
    release: Release, prompt: PromptContent | None, partials: Mapping[str, PromptContent]
) -> tuple[CompiledPrompt | None, Conversation]:
    """Returns the compiled prompt, and the other parts of a release: its own, or else those of its
    prompt. Raises `InvalidRequest` that names the wrong part."""
    if prompt is None:
        return None, read_options(release.parameters, release.tools, release.response_schema)
    compiled = compile_prompt(prompt, partials)
    for at, message in enumerate(prompt.messages):
        if not message.placeholder and message.role not in _ROLES:
            raise _tool_message(f"messages.{at}.role")
    inherited = {name: value for name, value in prompt.parameters.items() if name != _MODEL}
    schema = prompt.response_schema if release.response_schema is None else release.response_schema
    options = read_options(inherited | release.parameters, release.tools or prompt.tools, schema)
    return compiled, options


def _own_placeholder(prompt: PromptContent | None) -> str:
    """The placeholder with the name `messages`, or else the only one."""
    messages = prompt.messages if prompt is not None else ()
    names = {each.placeholder for each in messages if each.placeholder}
    if OWN_MESSAGES in names:
        return OWN_MESSAGES
    return names.pop() if len(names) == 1 else ""


def _neutral(messages: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    found: list[Message] = []
    for message in messages:
        role, content = _ROLES.get(message["role"]), message.get("content")
        if role is None:
            raise _tool_message("variables")
        if not isinstance(content, str) or len(message) > 2:
            raise _rejection(
                "A message in a variable has a role and a text, and nothing else.",
                "Send other messages as those of the request.",
                "variables",
            )
        found.append(Message(role, (Text(content),)))
    return merge_messages(found)


def _first(own: Any, sent: Any) -> Any:
    return sent if own is None else own


def _tool_message(param: str) -> InvalidRequest:
    return _rejection(
        "A message with the role `tool` answers a call, which a text cannot name.",
        "Send the results of tools as messages of the request.",
        param,
    )


def _rejection(message: str, hint: str, param: str) -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="release_variables", param=param)
