"""Makes plain text: sentences about water, split into tokens.

A token is up to six characters of a word with the white space before it. Some sentences are not
ASCII on purpose, to reveal code that splits a stream inside a character.
"""

import re
from typing import Final

from penstock.sim.seeded_random import SeededRandom

_TOKEN: Final = re.compile(r"\s*\S{1,6}")
_OPENING: Final = "This is a simulated answer."
_HELPS: Final = "This simulated answer helps."
_HELPS_NOT: Final = "This simulated answer does not help."
_SENTENCES: Final = (
    "A penstock is the gate and the pipe that bring a river to a turbine.",
    "The gate decides how much water may pass, and when.",
    "Behind the dam the water waits; in the pipe it works.",
    "A head of one hundred metres presses with about ten bar.",
    "Close the gate slowly, or the water hammer will find the weakest weld.",
    "Kaplan's blades turn with the load; Francis' runner keeps its shape.",
    "The surge tank takes what the pipe cannot hold.",
    "Every litre is counted twice: once at the intake and once at the tailrace.",
    "Größere Fallhöhe, kleinerer Durchfluss: die Leistung bleibt dieselbe.",
    "L'énergie ne se perd pas, elle change de rivière.",
    "水は低きに流れる。",
    "Спокойная вода глубока.",
    "El río no pregunta por el camino; lo hace.",
    "In spring the snow pays back what winter borrowed. 🌊",
    "Trash racks keep the branches out; someone still has to rake them.",
    "The governor hears the grid sag and opens the wicket gates a little.",
    "A turbine at half load is not half as good.",
    "Cavitation sounds like gravel in the draft tube.",
    "The spillway is there for the day nobody planned.",
    "Measure the flow first; argue about the price afterwards.",
    "Three machines run, one rests, and none of them knows its turn.",
    "Silt settles where the current hesitates.",
    "The fish ladder is the only stair with its own weather.",
    "When the tailwater rises, the head falls, and so does the bill.",
)


def tokenize(text: str) -> list[str]:
    """Splits a text into tokens. Joined, they give the text without trailing white space."""
    return _TOKEN.findall(text)


def write(rng: SeededRandom, count: int | None, quality: float | None = None) -> list[str]:
    """Returns a few sentences as tokens, or exactly `count` tokens. With a quality the first
    sentence says whether the text helps: a share `quality` of all texts does."""
    wanted = rng.between(24, 96) if count is None else count
    tokens = tokenize(_opening(rng, quality))
    while len(tokens) < wanted:
        tokens += tokenize(" " + rng.pick(_SENTENCES))
    return tokens if count is None else tokens[:count]


def _opening(rng: SeededRandom, quality: float | None) -> str:
    if quality is None:
        return _OPENING
    return _HELPS if rng.fraction() < quality else _HELPS_NOT


def phrase(rng: SeededRandom) -> str:
    """Returns a few words without punctuation, for strings in documents."""
    words = rng.pick(_SENTENCES).rstrip("。.🌊 ").split()
    start = rng.below(max(1, len(words) - 3))
    return " ".join(words[start : start + 3])
