"""An item of a dataset: one example, as every part of an evaluation sees it."""

from typing import Any, Final

from penstock.kernel.digests import content_hash
from penstock.rules.document import Document

MAX_ITEM_BYTES: Final = 4 * 1024 * 1024  # of one item as JSON
MAX_ID_CHARS: Final = 200  # of an item's id


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
