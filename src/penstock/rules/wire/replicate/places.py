"""Where the short documents of predictions have their text."""

from typing import Final

from penstock.rules.guards.places import TextPlaces

REPLICATE_PLACES: Final = TextPlaces(deltas=frozenset(("text",)))
