"""Where Triton's generate extension has its texts."""

from typing import Final

from penstock.rules.guards.places import TextPlaces

TRITON_PLACES: Final = TextPlaces(deltas=frozenset(("text_output",)))
