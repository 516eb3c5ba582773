"""The members of a JSON object, taken one by one: what nobody takes remains visible."""

from collections.abc import Iterable
from typing import Final, TypeVar

import msgspec

from penstock.kernel.errors import InvalidRequest
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import Hint

T = TypeVar("T")
TEXT: Final = msgspec.json.Decoder(str)
WHOLE_NUMBER: Final = msgspec.json.Decoder(int)
NUMBER: Final = msgspec.json.Decoder(float)
FLAG: Final = msgspec.json.Decoder(bool)
TEXTS: Final = msgspec.json.Decoder(list[str])
LIST: Final = msgspec.json.Decoder(list[msgspec.Raw])
_decoder: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Members:
    """The members of one object of a request. A member that is null counts as absent."""

    def __init__(self, members: dict[str, msgspec.Raw]) -> None:
        self._members = {
            name: value for name, raw in members.items() if (value := bytes(raw)) != b"null"
        }

    def pop(self, name: str) -> None:
        """Removes a member, if it is there."""
        self._members.pop(name, None)

    def pop_default(self, name: str, decoder: msgspec.json.Decoder[T], default: T) -> None:
        """Removes a member that has its default value, so that it says nothing."""
        if self.find(name, decoder) == default:
            self.pop(name)

    def take(self, name: str, decoder: msgspec.json.Decoder[T]) -> T | None:
        """Removes and decodes a member. Raises `InvalidRequest` if it has another shape."""
        value = self._members.pop(name, None)
        if value is None:
            return None
        try:
            return decode_json(decoder, value)
        except msgspec.DecodeError as error:
            raise InvalidRequest(f"{name!r} is wrong: {error}.", param=name) from None

    def find(self, name: str, decoder: msgspec.json.Decoder[T]) -> T | None:
        """Decodes a member and leaves it; `None` if it is absent or has another shape."""
        value = self._members.get(name)
        if value is None:
            return None
        try:
            return decode_json(decoder, value)
        except msgspec.DecodeError:
            return None

    def take_hints(self, names: "dict[str, Hint]") -> dict[Hint, bytes]:
        """Removes the members that are hints. `names`: member → hint."""
        return {
            hint: self._members.pop(name) for name, hint in names.items() if name in self._members
        }

    def take_named(self, names: Iterable[str]) -> dict[str, bytes]:
        """Removes the members of these names and returns them as they are."""
        return {name: self._members.pop(name) for name in names if name in self._members}

    def rest(self) -> dict[str, bytes]:
        """The members that nobody took."""
        return self._members


def read_members(body: bytes) -> Members:
    """Reads the members of an object. Raises `InvalidRequest` for anything else."""
    try:
        return Members(decode_json(_decoder, body))
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is wrong: {error}.") from None
