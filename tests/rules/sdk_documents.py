"""Generates documents from the types of a vendor's client. Each free text in them occurs once."""

import itertools
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typing_extensions
from hypothesis import strategies as st
from pydantic import BaseModel
from typing_extensions import is_typeddict

MAX_DEPTH = 8  # deeper optional members and elements are left out
MAX_ELEMENTS = 3
_WRAPPERS = (typing_extensions.Required, typing_extensions.NotRequired, Annotated)


class Documents:
    """Makes one document with the decisions of `draw`."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._texts = map("text{}".format, itertools.count())

    def make(self, kind: Any, depth: int = 0) -> Any:
        """A value of the type `kind`."""
        if is_typeddict(kind):
            return self._members(kind, depth)
        origin, arguments = get_origin(kind), get_args(kind)
        if origin in _WRAPPERS:
            return self.make(arguments[0], depth)
        if origin is Literal:
            return self._draw(st.sampled_from(arguments))
        if origin in (Union, UnionType):
            return self.make(self._one_of(arguments), depth)
        if origin is not None and origin is not dict:  # a kind of list
            most = MAX_ELEMENTS if depth < MAX_DEPTH else 0
            count = self._draw(st.integers(0, most))
            return [self.make(arguments[0], depth + 1) for _ in range(count)]
        return self._simple(kind)

    def _simple(self, kind: Any) -> Any:
        if kind is bool:
            return self._draw(st.booleans())
        if kind in (int, float):
            return self._draw(st.integers(1, 9999))
        if kind is NoneType:
            return None
        return next(self._texts) if kind is str else {next(self._texts): next(self._texts)}

    def _members(self, kind: Any, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, hint in get_type_hints(kind, include_extras=True).items():
            required = get_origin(hint) is typing_extensions.Required
            if required or (depth < MAX_DEPTH and self._draw(st.booleans())):
                made[name] = self.make(hint, depth + 1)
        return made

    def _one_of(self, kinds: Sequence[Any]) -> Any:
        """One that is JSON: neither a file nor a model of an answer."""
        return self._draw(st.sampled_from([kind for kind in kinds if _is_json(kind)]))


def kinds_in(kind: Any) -> list[Any]:
    """The objects of a union, or of the elements of a list in it."""
    if is_typeddict(kind):
        return [kind]
    if get_origin(kind) is Literal or not _is_json(kind):
        return []
    return [found for each in get_args(kind) for found in kinds_in(each)]


def _is_json(kind: Any) -> bool:
    if get_origin(kind) is Annotated:
        return _is_json(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return any(_is_json(each) for each in get_args(kind))
    model = isinstance(kind, type) and issubclass(kind, BaseModel)
    return not model and "IO[" not in repr(kind) and "PathLike" not in repr(kind)


def texts_in(document: Any) -> set[str]:
    """All texts in a document, without the names of members."""
    if isinstance(document, str):
        return {document}
    if isinstance(document, dict):
        return set().union(*map(texts_in, document.values()))
    return set().union(*map(texts_in, document)) if isinstance(document, list) else set()
