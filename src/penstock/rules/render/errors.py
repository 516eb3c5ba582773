"""Errors of templates, with the place where they happened."""

from typing import NamedTuple

from penstock.kernel.errors import InvalidRequest


class RenderFailure(Exception):
    """An error of an operator, filter or value, before its place is known."""

    def __init__(self, message: str, hint: str = "", code: str = "render_failed") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code


class TemplateSource(NamedTuple):
    """A template as users see it. `title`: `Message 2`, `Partial 'style'`, or empty for the text of
    the prompt; `param`: where it is in the document, such as `messages.1.content`."""

    title: str = ""
    param: str = "text"

    def line(self, number: int) -> str:
        """Returns the name of a line."""
        return f"{self.title}, line {number}" if self.title else f"Line {number}"


class TemplateError(InvalidRequest):
    """A template that is not allowed (`template_invalid`), that cannot be rendered with these
    values (`render_failed`), or that needs too much (`render_limit`)."""

    default_code = "template_invalid"

    def __init__(
        self, source: TemplateSource, line: int, message: str, *, hint: str = "", code: str = ""
    ) -> None:
        super().__init__(
            f"{source.line(line)}: {message}", hint=hint, code=code, param=source.param
        )
        self.line = line
