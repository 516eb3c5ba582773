"""What the story is about: a use case, three versions of its prompt, and what its users say.

Pure. Quality is in the answers of the simulated model only; Penstock learns of it from the users.
"""

from dataclasses import dataclass
from random import Random
from typing import Any, Final

USE_CASE: Final = "demo-story"
MODEL: Final = "sim/sim-small"
SCORE: Final = "thumbs"
HELPS: Final = "This simulated answer helps."
CALLS_PER_S: Final = 40.0
PERIOD_S: Final = 3  # between two looks of the rule
PERCENT: Final = 10
_ANSWERING: Final = 0.8  # share of the users who say whether an answer has helped
_COMMENTING: Final = 0.1  # share of the users who add a comment when it has not
_QUESTIONS: Final = (
    "Why does the plant at Rosenau run at half load today?",
    "My meter shows 40 kWh more than last week. What can I do?",
    "When is the river path closed for maintenance?",
    "Who tells me when the spillway opens?",
)


@dataclass(frozen=True, slots=True)
class StoryVersion:
    """A version of the prompt. `quality` is the share of its answers that help: the simulated model
    understands no instructions, so the prompt tells it in a line of its own."""

    name: str
    instruction: str
    quality: float
    message: str

    def content(self) -> dict[str, Any]:
        """Returns the content of the version, as the REST API has it."""
        system = f"{self.instruction}\n\nx-sim-quality: {self.quality}"
        return {
            "kind": "chat",
            "messages": [{"role": "system", "content": system}, {"placeholder": "messages"}],
        }


@dataclass(frozen=True, slots=True)
class StoryFeedback:
    """The statement of a user about an answer."""

    user: str
    helpful: bool
    comment: str


FIRST: Final = StoryVersion(
    "v1", "You answer questions of customers of a hydropower plant.", 0.7, "First version"
)
WORSE: Final = StoryVersion(
    "v2",
    "You answer questions of customers of a hydropower plant, in five words.",
    0.3,
    "Shorter answers cost less",
)
BETTER: Final = StoryVersion(
    "v3",
    "You answer questions of customers of a hydropower plant. Begin with what they can do now.",
    0.95,
    "Say first what the customer can do",
)


def plan() -> dict[str, Any]:
    """Returns the plan of a canary: 10 % of the calls, judged by the users' score. The times are
    short for a story; those of production are minutes or hours."""
    guard = {"metric": "score", "score": SCORE, "margin": 0.05, "minimum": 25}
    return {
        "guards": [guard],
        "steps": [{"percent": PERCENT, "hold_s": 10}],
        "period_s": PERIOD_S,
    }


def draw_question(draw: Random) -> str:
    """Draws a question. Each has a number of its own, because the simulated model gives the same
    answer to the same question."""
    return f"Ticket {draw.randrange(10**9)}: {draw.choice(_QUESTIONS)}"


def draw_feedback(draw: Random, answer: str) -> StoryFeedback | None:
    """Draws what the user says, who has read the answer; some say nothing."""
    if draw.random() >= _ANSWERING:
        return None
    helpful = answer.startswith(HELPS)
    comments = not helpful and draw.random() < _COMMENTING
    comment = "This does not answer my question." if comments else ""
    return StoryFeedback(f"user-{draw.randrange(500)}", helpful, comment)
