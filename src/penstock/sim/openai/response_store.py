"""The responses that the simulator keeps: for `previous_response_id`, and to be polled, shown,
cancelled and removed. It is bounded: the oldest response is forgotten."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.sim.openai.response_items import InputItem

_MOST: Final = 500  # responses
_BACKGROUND_POLLS: Final = 2  # of a response in the background, until it is complete


@dataclass(slots=True)
class StoredResponse:
    """The items of a response's input and output, its document, and the items that its own request
    contained. `polls`: how often it was shown."""

    items: Sequence[InputItem]
    document: dict[str, Any]
    sent: Sequence[dict[str, Any]] = ()
    polls: int = 0

    @property
    def begun(self) -> dict[str, Any]:
        """The document before the response is complete."""
        begun = {"status": "in_progress" if self.polls else "queued", "output": (), "usage": None}
        return {**self.document, "completed_at": None, "incomplete_details": None, **begun}

    @property
    def is_running(self) -> bool:
        """Returns whether a response in the background is not complete yet."""
        return bool(self.document["background"]) and self.polls < _BACKGROUND_POLLS


class ResponseStore:
    """Kept responses by id."""

    def __init__(self) -> None:
        self._responses: OrderedDict[str, StoredResponse] = OrderedDict()

    def show(self, name: str) -> dict[str, Any]:
        """Returns a response. One in the background is complete when it is shown for the second
        time. Raises `NotFound`."""
        found = self._get(name)
        found.polls += 1
        return found.begun if found.is_running else found.document

    def cancel(self, name: str) -> dict[str, Any]:
        """Cancels a response in the background. Raises `NotFound`, `InvalidRequest`."""
        found = self._get(name)
        if not found.document["background"]:
            raise InvalidRequest("Cannot cancel a synchronous response.")
        if found.is_running:
            found.document = {**found.begun, "status": "cancelled"}
            found.polls = _BACKGROUND_POLLS
        return found.document

    def remove(self, name: str) -> dict[str, Any]:
        """Removes a response. Raises `NotFound`."""
        self._get(name)
        del self._responses[name]
        return {"id": name, "object": "response", "deleted": True}

    def list_items(self, name: str) -> dict[str, Any]:
        """Returns what the request of a response contained. Raises `NotFound`."""
        data = list(self._get(name).sent)
        return {
            "object": "list",
            "data": data,
            "has_more": False,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }

    def _get(self, name: str) -> StoredResponse:
        if (found := self._responses.get(name)) is None:
            raise NotFound(f"Response with id '{name}' not found.", param="response_id")
        return found

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
