"""Pairs of documents that differ in one leaf, generated from the types of an SDK's requests."""

from collections.abc import Iterator
from typing import (
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
)

from typing_extensions import get_type_hints, is_typeddict

MAX_DEPTH = 12
_PLAIN: dict[Any, tuple[Any, Any]] = {
    str: ("a", "b"),
    int: (1, 2),
    float: (0.25, 0.5),
    bool: (True, False),
    object: ("a", "b"),
}


class Leaf(NamedTuple):
    """`first` and `second` differ only at `path`."""

    path: str
    first: Any
    second: Any


def leaves(type_: Any, path: str = "", depth: int = 0) -> Iterator[Leaf]:
    """Yields a pair for each leaf of `type_`, in each variant of a union."""
    if depth > MAX_DEPTH:
        return
    origin, args = get_origin(type_), get_args(type_)
    if type_ in _PLAIN:
        yield Leaf(path, *_PLAIN[type_])
    elif origin is Literal:
        if len(args) > 1:
            yield Leaf(path, args[0], args[1])
    elif is_typeddict(type_):
        yield from _of_members(type_, path, depth)
    else:
        yield from _of_container(origin, args, path, depth + 1)


def _of_container(origin: Any, args: tuple[Any, ...], path: str, depth: int) -> Iterator[Leaf]:
    if origin is dict:
        for leaf in leaves(args[1], f"{path}.*", depth):
            yield Leaf(leaf.path, {"k": leaf.first}, {"k": leaf.second})
    elif origin in (Required, NotRequired, Union):
        for one in args:
            yield from leaves(one, path, depth)
    elif args:  # a list or an iterable
        for leaf in leaves(args[0], f"{path}[]", depth):
            yield Leaf(leaf.path, [leaf.first], [leaf.second])


def _of_members(type_: Any, path: str, depth: int) -> Iterator[Leaf]:
    hints = get_type_hints(type_, include_extras=True)
    least = {
        name: smallest(hint, depth) for name, hint in hints.items() if get_origin(hint) is Required
    }
    kind = least.get("type", "")
    here = f"{path}<{kind}>" if kind else path
    for name, hint in hints.items():
        for leaf in leaves(hint, f"{here}.{name}", depth + 1):
            yield Leaf(leaf.path, {**least, name: leaf.first}, {**least, name: leaf.second})


def smallest(type_: Any, depth: int = 0) -> Any:
    """A value of `type_` without what it may leave out."""
    origin, args = get_origin(type_), get_args(type_)
    if type_ in _PLAIN:
        return _PLAIN[type_][0]
    if origin is Literal:
        return args[0]
    if origin in (Required, NotRequired, Union):
        return smallest(args[0], depth)
    if is_typeddict(type_):
        hints = get_type_hints(type_, include_extras=True)
        return {
            name: smallest(hint, depth + 1)
            for name, hint in hints.items()
            if get_origin(hint) is Required
        }
    return {} if origin is dict else []
