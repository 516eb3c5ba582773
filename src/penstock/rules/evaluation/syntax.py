"""Whether a text parses. Each function returns the problem as a sentence; empty if it parses."""

import ast
import warnings
from html.parser import HTMLParser
from typing import Final
from xml.parsers import expat

from penstock.rules.evaluation.json_values import parsed_json

_VOID: Final = frozenset(
    (
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    )
)
_OPTIONAL_END: Final = frozenset(
    (
        "body",
        "colgroup",
        "dd",
        "dt",
        "head",
        "html",
        "li",
        "optgroup",
        "option",
        "p",
        "rp",
        "rt",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    )
)


def json_problem(text: str) -> str:
    """JSON as of RFC 8259."""
    try:
        parsed_json(text)
    except ValueError as error:
        return f"It is not JSON: {error}."
    return ""


def xml_problem(text: str) -> str:
    """A well-formed XML document without a document type, which may define entities."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _reject_doctype
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)  # noqa: FBT003 - no keywords in C
    except (expat.ExpatError, ValueError) as error:
        return f"It is not well-formed XML: {error}."
    return ""


def html_problem(text: str) -> str:
    """HTML with at least one element, whose end tags match; those that HTML lets out may lack."""
    parser = _Tags()
    parser.feed(text)
    parser.close()
    if parser.problem:
        return parser.problem
    left = [tag for tag in parser.open if tag not in _OPTIONAL_END]
    if left:
        return f"<{left[-1]}> has no end tag."
    return "" if parser.seen else "It has no element."


def python_problem(text: str) -> str:
    """Python source that parses. It is not run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"It is not Python: {error}."
    return "" if text.strip() else "It is empty."


class _Tags(HTMLParser):
    """Follows the tags that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.problem = ""
        self.seen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        del attrs
        self.seen = True
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<br/>`, or an element of SVG without content."""
        del tag, attrs
        self.seen = True

    def handle_endtag(self, tag: str) -> None:
        """An element ends, and with it those that need no end tag."""
        while self.open and self.open[-1] != tag and self.open[-1] in _OPTIONAL_END:
            self.open.pop()
        if self.open and self.open[-1] == tag:
            self.open.pop()
        elif tag not in _VOID | {"p"}:
            self.problem = self.problem or f"</{tag}> ends no open element."


def _reject_doctype(*_: object) -> None:
    raise ValueError("a document type is not allowed")
