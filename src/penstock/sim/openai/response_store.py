"""The responses that the simulator keeps, for `previous_response_id`. It is bounded: the oldest
response is forgotten."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from penstock.kernel.errors import InvalidRequest
from penstock.sim.openai.response_items import InputItem

_MOST: Final = 500  # responses


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The items of a response's input and output, and its document."""

    items: Sequence[InputItem]
    document: dict[str, Any]


class ResponseStore:
    """Kept responses by id."""

    def __init__(self) -> None:
        self._responses: OrderedDict[str, StoredResponse] = OrderedDict()

    def find(self, name: str) -> StoredResponse | None:
        """Returns the response with that id, if it is kept."""
        return self._responses.get(name)

    def previous(self, name: str | None) -> Sequence[InputItem]:
        """Returns the items of the previous response. Raises `InvalidRequest`."""
        if name is None:
            return ()
        if (found := self._responses.get(name)) is None:
            raise InvalidRequest(
                f"Previous response with id '{name}' not found.",
                code="previous_response_not_found",
                param="previous_response_id",
            )
        return found.items

    def keep(self, name: str, response: StoredResponse) -> None:
        """Keeps a response."""
        self._responses[name] = response
        self._responses.move_to_end(name)
        if len(self._responses) > _MOST:
            self._responses.popitem(last=False)

    def __contains__(self, item_id: object) -> bool:
        """True if a kept response has the reasoning item with that id."""
        return isinstance(item_id, str) and f"resp_{item_id.removeprefix('rs_')}" in self._responses
