"""MLflow: the answer of `model-versions/search` of its registry (MLflow 3), in which prompts are
models with the tag `mlflow.prompt.text`; labels are aliases, also those of `registered_models`.
"""

import json
from typing import Any, Final

import msgspec

from penstock.entrypoints.cli.foreign_prompts.imported import (
    ForeignPrompt,
    ForeignVersion,
    chat_content,
    grouped,
    plain_text,
    text_content,
)
from penstock.entrypoints.cli.foreign_prompts.templates import translate
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent

_TEXT: Final = "mlflow.prompt.text"
_IS_PROMPT: Final = "mlflow.prompt.is_prompt"
_TYPE: Final = "_mlflow_prompt_type"
_RESPONSE_FORMAT: Final = "_mlflow_prompt_response_format"
_MODEL_CONFIG: Final = "_mlflow_prompt_model_config"
_OWN: Final = frozenset((_TEXT, _IS_PROMPT, _TYPE, _RESPONSE_FORMAT, _MODEL_CONFIG))
_NO_PARAMETERS: Final = ("provider", "model_name", "extra_params")


class _Tag(msgspec.Struct):
    key: str
    value: str = ""


class _Version(msgspec.Struct):
    name: str
    version: int
    tags: list[_Tag] = []
    description: str | None = None
    aliases: list[str] = []


class _Alias(msgspec.Struct):
    alias: str
    version: int


class _Model(msgspec.Struct):
    name: str
    aliases: list[_Alias] = []


class _Export(msgspec.Struct):
    model_versions: list[_Version]
    registered_models: list[_Model] = []


def read_mlflow(document: object) -> list[ForeignPrompt]:
    """Reads an export. Raises `msgspec.ValidationError`."""
    found = msgspec.convert(document, _Export, strict=False)
    aliases = {
        (model.name, alias.version, alias.alias)
        for model in found.registered_models
        for alias in model.aliases
    }
    ordered = sorted(found.model_versions, key=lambda each: (each.name, each.version))
    pairs: list[tuple[str, ForeignVersion]] = []
    for each in ordered:
        named = [
            alias for name, number, alias in aliases if (name, number) == (each.name, each.version)
        ]
        if any(tag.key == _TEXT for tag in each.tags):
            pairs.append((each.name, _version(each, sorted({*each.aliases, *named}))))
    return grouped(pairs)


def _version(found: _Version, labels: list[str]) -> ForeignVersion:
    version = ForeignVersion(str(found.version), message=found.description or "", labels=labels)
    tags = {tag.key: tag.value for tag in found.tags}
    version.left_out += [f"tag {name}" for name in sorted(set(tags) - _OWN)]
    try:
        version.content = _content(tags)
    except InvalidRequest as error:
        version.problem = error.message
    except (ValueError, TypeError, AttributeError):
        version.problem = "Its tags are not the JSON that MLflow writes."
    return version


def _content(tags: dict[str, str]) -> PromptContent:
    parts: dict[str, Any] = {}
    if tags.get(_RESPONSE_FORMAT):
        parts["response_schema"] = json.loads(tags[_RESPONSE_FORMAT])
    if tags.get(_MODEL_CONFIG):
        config: dict[str, Any] = json.loads(tags[_MODEL_CONFIG])
        parameters = {
            name: value
            for name, value in config.items()
            if name not in _NO_PARAMETERS and value is not None
        }
        if config.get("model_name"):
            parameters["model"] = config["model_name"]
        parts["parameters"] = parameters | (config.get("extra_params") or {})
    kind, text = tags.get(_TYPE, "text"), tags[_TEXT]
    if kind != "chat":
        return text_content(translate(text, _format_of(text, kind)), **parts)
    messages = [
        (each["role"], translate(plain_text(each["content"]), _format_of(each["content"], "")))
        for each in json.loads(text)
    ]
    return chat_content(messages, **parts)


def _format_of(text: str, kind: str) -> str:
    """MLflow renders a text with `{% %}` by Jinja2, and others by their double braces."""
    return "jinja2" if kind == "jinja2" or ("{%" in text and "%}" in text) else "double"
