"""An item of a dataset: one example, as every part of an evaluation sees it."""

from typing import Any, Final, cast

from msgspec.structs import replace

from penstock.kernel.digests import canonical_json, content_hash
from penstock.kernel.errors import InvalidRequest
from penstock.rules.document import Document

MAX_ITEM_BYTES: Final = 4 * 1024 * 1024  # of one item as JSON
MAX_ID_CHARS: Final = 200  # of an item's id
MAX_PLACE_CHARS: Final = 400  # of a word of an item's source
_DIGITS: Final = 24  # of an id that is made from the content


class ItemSource(Document, frozen=True):
    """The origin of an item. `kind` is `span`, `feedback`, `file`, `label`, `code`, or the name
    of an import; the others are empty where they do not apply. It takes no part in the content."""

    kind: str = ""
    trace_id: str = ""
    span_id: str = ""
    place: str = ""  # a file with its line, or the id in another product


class DatasetItem(Document, frozen=True):
    """One example. `id` is unique in its dataset and stays the same over its versions.

    `input` is what a release is called with: a text, a list of messages, or an object of
    variables. `expected` is any JSON value; `None` if nothing is expected. `context` are passages
    in the order of their retrieval. `group` keeps items together that must not be divided over
    splits, and is the cluster of their errors.
    """

    id: str
    input: Any = None
    expected: Any = None
    context: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each item
    split: str = ""
    group: str = ""
    source: ItemSource = ItemSource()

    def digest(self) -> str:
        """Returns the hash of the content: equal for equal examples, wherever they come from."""
        return content_hash(
            [self.input, self.expected, list(self.context), self.metadata, self.split, self.group]
        )


def id_of_example(item: DatasetItem) -> str:
    """Returns the id of an item that has none: equal for the same input, expected and context."""
    return "x" + content_hash([item.input, item.expected, list(item.context)])[:_DIGITS]


def checked_item(item: DatasetItem, param: str) -> DatasetItem:
    """Returns a valid item, with an id. `param` is where it stands in the request: `items.3`.
    Raises `InvalidRequest` that names the field, and the place of its source if it has one."""
    place = item.source.place or param
    if problem := _problem_of(item):
        field, message = problem
        raise InvalidRequest(
            f"{place[:MAX_PLACE_CHARS]}: {message}",
            code="dataset_item_invalid",
            param=f"{param}.{field}",
        )
    if len(canonical_json(item)) > MAX_ITEM_BYTES:
        raise InvalidRequest(
            f"{place}: the item is larger than {MAX_ITEM_BYTES:,} bytes.",
            hint="Shorten it, or keep large parts elsewhere and name them in `metadata`.",
            code="dataset_item_too_large",
            param=param,
        )
    return item if item.id else replace(item, id=id_of_example(item))


def _problem_of(item: DatasetItem) -> tuple[str, str] | None:
    """Returns the field that is not valid, and why."""
    if problem := _problem_of_input(item.input):
        return "input", problem
    for field in ("id", "split", "group"):
        value: str = getattr(item, field)
        if len(value) > MAX_ID_CHARS or not (value.isprintable() and value == value.strip()):
            return field, (
                f"`{field}` is not valid: use up to {MAX_ID_CHARS} printable characters, "
                "without spaces at the ends."
            )
    for field in item.source.__struct_fields__:
        if len(getattr(item.source, field)) > MAX_PLACE_CHARS:
            return f"source.{field}", f"`source.{field}` is longer than {MAX_PLACE_CHARS}."
    return None


def _problem_of_input(value: Any) -> str:
    if value is None or value in ("", [], {}):
        return "`input` is missing or empty: give a text, a list of messages, or an object."
    if not isinstance(value, str | list | dict):
        return f"`input` is {_kind_of(value)}: give a text, a list of messages, or an object."
    messages = cast("list[object]", value) if isinstance(value, list) else []
    if not all(isinstance(each, dict) for each in messages):
        return "`input` is a list, but not of messages: each one is an object."
    return ""


def _kind_of(value: Any) -> str:
    return "a boolean" if isinstance(value, bool) else "a number"
