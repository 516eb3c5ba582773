"""Translates templates of other products into our grammar. What has no counterpart is refused by
name, so that nothing renders differently without a word.
"""

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import Final, NamedTuple

from penstock.kernel.errors import InvalidRequest
from penstock.rules.prompts.documents import PromptVariable
from penstock.rules.render.errors import TemplateSource
from penstock.rules.render.prompt import check_variable
from penstock.rules.render.syntax import Template, parse_template

_OPENING: Final = re.compile(r"\{(?=[{%#]|\Z)")
# Bounded, so that a text of braces is read in linear time.
_DOUBLE: Final = re.compile(r"\{\{([^{}]{0,200})\}\}")
_MUSTACHE: Final = re.compile(r"\{\{\{([^{}]{0,200})\}\}\}|\{\{([^{}]{0,200})\}\}")
_LANGFUSE: Final = re.compile(r"\{\{([^{}]{0,200})\}\}|@@@langfusePrompt:([^@]{1,500})@@@")
_Pieces = Iterable[tuple[str, str, str]]
"""Pairs of a literal text and what stands after it: a variable, or the name of an include."""


class Translated(NamedTuple):
    """A template in our grammar, and its variables."""

    text: str
    names: tuple[str, ...] = ()

    @property
    def variables(self) -> Mapping[str, PromptVariable]:
        return {name: PromptVariable() for name in self.names}


def translate(text: str, template_format: str) -> Translated:
    """Translates `f-string`, `mustache`, `jinja2` or `double` (`{{x}}` and nothing else). Raises
    `InvalidRequest`."""
    if template_format == "f-string":
        return _joined(_formatted(text))
    if template_format == "mustache":
        return _joined(_found(text, _MUSTACHE))
    if template_format == "double":
        return _joined(_found(text, _DOUBLE))
    if template_format == "jinja2":
        return Translated(
            text, tuple(parse_template(text, TemplateSource(), _reject_include).names)
        )
    raise InvalidRequest(f"The template format {template_format!r} is not known.")


def translate_langfuse(text: str) -> Translated:
    """Translates `{{x}}`, and references to other prompts into `include`. Raises
    `InvalidRequest`."""
    return _joined(_found(text, _LANGFUSE, second_includes=True))


def _formatted(text: str) -> _Pieces:
    try:
        for before, name, spec, conversion in Formatter().parse(text):
            if name is None:
                yield before, "", ""
            elif spec or conversion or not name:
                raise InvalidRequest(f"The format of {{{name}}} has no counterpart.")
            else:
                yield before, name, ""
    except ValueError as error:
        raise InvalidRequest(f"The template is not a Python format string: {error}.") from None


def _found(text: str, pattern: re.Pattern[str], *, second_includes: bool = False) -> _Pieces:
    end = 0
    for match in pattern.finditer(text):
        before, end = text[end : match.start()], match.end()
        if second_includes and match[2] is not None:
            yield before, "", match[2]
        else:
            yield before, next(filter(None, match.groups()), "").strip() or match[0], ""
    yield text[end:], "", ""


def _joined(pieces: _Pieces) -> Translated:
    made: list[str] = []
    names: dict[str, None] = {}
    for before, name, include in pieces:
        made.append(_literal(before))
        if name:
            names[name] = None
            made.append(_variable(name))
        elif include:
            made.append(_include(include))
    return Translated("".join(made), tuple(names))


def _literal(text: str) -> str:
    """Escapes what would begin an expression, a block or a comment."""
    return _OPENING.sub('{{ "{" }}', text)


def _variable(name: str) -> str:
    try:
        check_variable(name, PromptVariable())
    except InvalidRequest:
        raise InvalidRequest(f"{name[:80]!r} is not the name of a variable here.") from None
    return f"{{{{ {name} }}}}"


def _include(reference: str) -> str:
    """`name=shared/style|version=2` or `|label=production`, as Langfuse writes references."""
    parts = dict(part.split("=", 1) for part in reference.split("|") if "=" in part)
    name, wanted = parts.get("name", ""), parts.get("version", parts.get("label", ""))
    if not name or '"' in reference or "\\" in reference:
        raise InvalidRequest(f"The reference {reference[:80]!r} cannot be read.")
    return f'{{% include "{name}{f"@{wanted}" if wanted else ""}" %}}'


def _reject_include(name: str) -> Template:
    raise InvalidRequest(f"The template includes {name!r}, which no export has.")
