"""Which releases are valid, and the parts of one."""

import re
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Final

from penstock.features.prompts.model import ResolvedPrompt
from penstock.features.releases.model import (
    MAX_MODEL_CHARS,
    MAX_RELEASE_BYTES,
    MAX_RELEASE_TOOLS,
    MAX_STEPS,
    ListedModels,
    PartKind,
    ReleasePart,
)
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptContent
from penstock.rules.releases.documents import Release
from penstock.rules.releases.served import compile_release
from penstock.rules.render.errors import RenderFailure
from penstock.rules.render.values import PlainReader

_STEP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,62}")


def check_release(release: Release, prompt: ResolvedPrompt | None) -> None:
    """Raises `InvalidRequest` for a release that cannot work. `prompt` is its own version."""
    for name in ("parameters", "tools", "response_schema"):
        try:
            PlainReader().read(getattr(release, name))
        except RenderFailure as failure:
            raise _invalid(f"The part `{name}` {failure.message}.", name, failure.hint) from None
    if len(canonical_json(release)) > MAX_RELEASE_BYTES:
        raise _invalid(f"A release has at most {MAX_RELEASE_BYTES // 1024} KiB.", "")
    if len(release.tools) > MAX_RELEASE_TOOLS:
        raise _invalid(f"A release has at most {MAX_RELEASE_TOOLS} tools.", "tools")
    if not release.model and not release.steps:
        raise _invalid("A release names a model or a route, or the steps of a chain.", "model")
    if release.prompt and not release.model:
        raise _invalid("A prompt needs the model or route that it goes to.", "model")
    _check_steps(release.steps)
    compile_release(release, *content_of(prompt))


def content_of(
    prompt: ResolvedPrompt | None,
) -> tuple[PromptContent | None, Mapping[str, PromptContent]]:
    """Returns the content of a version with its partials; none of a release without a prompt."""
    return (None, {}) if prompt is None else (prompt.version.content, prompt.partials)


def check_model(model: str, routes: Collection[str], listed: ListedModels) -> None:
    """Raises `InvalidRequest` if a project has no such route or model."""
    if not 0 < len(model) <= MAX_MODEL_CHARS or not model.isprintable():
        raise _invalid("That is no name of a model.", "model")
    if model in routes:
        return
    provider, slash, own = model.partition("/")
    if slash and provider in listed:
        if own and (not listed[provider] or own in listed[provider]):
            return
        raise _no_model(model, [f"{provider}/{each}" for each in listed[provider]])
    claims = sorted(name for name, models in listed.items() if model in models)
    if len(claims) > 1:
        raise _invalid(
            f"{len(claims)} providers have the model {model!r}.",
            "model",
            f"Name one of them: {claims[0]}/{model}.",
        )
    if not claims:
        raise _no_model(model, [*routes, *(each for models in listed.values() for each in models)])


def parts_of(release: Release, prompt: ResolvedPrompt | None) -> list[ReleasePart]:
    """Returns the parts of a release."""
    found: list[ReleasePart] = []
    if prompt is not None:
        title = f"{prompt.prompt.name} {prompt.version.head.number}"
        found.append(ReleasePart(PartKind.PROMPT, release.prompt, title))
        found += [ReleasePart(PartKind.PARTIAL, digest) for digest in sorted(prompt.partials)]
    if release.model:
        found.append(ReleasePart(PartKind.MODEL, release.model))
    steps: dict[str, list[str]] = {}
    for name, digest in sorted(release.steps.items()):
        steps.setdefault(digest, []).append(name)
    found += [ReleasePart(PartKind.STEP, each, ", ".join(names)) for each, names in steps.items()]
    return found


def _check_steps(steps: Mapping[str, str]) -> None:
    if len(steps) > MAX_STEPS:
        raise _invalid(f"A release has at most {MAX_STEPS} steps.", "steps")
    for name in steps:
        if not _STEP.fullmatch(name):
            raise _invalid(
                f"{name[:63]!r} is not a valid name of a step.",
                "steps",
                "Use letters, digits, _ and -.",
            )


def _no_model(model: str, known: Sequence[str]) -> InvalidRequest:
    similar = get_close_matches(model, known, n=3)
    hint = f"Did you mean {' or '.join(similar)}?" if similar else "List them: penstock model list"
    return InvalidRequest(
        f"This project has no model or route {model!r}.",
        hint=hint,
        code="release_model_gone",
        param="model",
    )


def _invalid(message: str, param: str, hint: str = "") -> InvalidRequest:
    return InvalidRequest(message, hint=hint, code="release_invalid", param=param)
