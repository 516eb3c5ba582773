"""The places of all wire formats together: the names of one do not contradict those of another."""

from functools import reduce
from typing import Final

from penstock.rules.guards.places import TextPlaces
from penstock.rules.wire.anthropic.places import ANTHROPIC_PLACES
from penstock.rules.wire.bedrock.places import BEDROCK_PLACES
from penstock.rules.wire.cohere.places import COHERE_PLACES
from penstock.rules.wire.gemini.places import GEMINI_PLACES
from penstock.rules.wire.openai.places import OPENAI_PLACES
from penstock.rules.wire.replicate.places import REPLICATE_PLACES
from penstock.rules.wire.responses.places import RESPONSES_PLACES
from penstock.rules.wire.triton.places import TRITON_PLACES

PLACES_OF: Final = {
    "openai": OPENAI_PLACES,
    "responses": RESPONSES_PLACES,
    "anthropic": ANTHROPIC_PLACES,
    "gemini": GEMINI_PLACES,
    "cohere": COHERE_PLACES,
    "bedrock": BEDROCK_PLACES,
    "replicate": REPLICATE_PLACES,
    "triton": TRITON_PLACES,
}
ALL_PLACES: Final = reduce(TextPlaces.joined, PLACES_OF.values())
