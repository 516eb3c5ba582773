"""The calls of `penstock demo`, drawn at random from a seed. Sends nothing itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

_WRONG_MODEL: Final = "sim-smal"  # unknown model: the gateway's error suggests similar names


@dataclass(frozen=True)
class DemoCall:
    """One call. `attributes` are sent as `x-penstock-…` headers."""

    path: str
    body: Mapping[str, Any]
    attributes: tuple[tuple[str, str], ...]
    cancels_early: bool = False


@dataclass(frozen=True)
class DemoUseCase:
    """A feature of an application that uses a model."""

    name: str
    team: str
    system: str
    questions: tuple[str, ...]
    json_answer: bool = False


_USE_CASES: Final = (
    DemoUseCase(
        "support-answers",
        "support",
        "You answer questions about hydropower plants, briefly and kindly.",
        (
            "Why does the plant at Rosenau run at half load today?",
            "My meter shows 40 kWh more than last week. What can I do?",
            "When is the river path closed for maintenance?",
            "Wie melde ich einen Wasserschaden?",
        ),
    ),
    DemoUseCase(
        "shift-summary",
        "operations",
        "Summarise the log of a shift in three sentences.",
        (
            "06:10 trash rack cleaned. 07:45 governor retuned. 11:20 alarm bearing 2, 71 °C.",
            "14:00 unit 3 synchronised. 15:30 spillway gate test passed. 18:05 load 82 %.",
        ),
    ),
    DemoUseCase(
        "ticket-triage",
        "support",
        "Classify the ticket. Answer as JSON with urgency and topic.",
        ("No power since 8 o'clock in the whole street!", "Please send the invoice again."),
        json_answer=True,
    ),
    DemoUseCase(
        "maintenance-planner",
        "engineering",
        "Plan inspections of turbines. Think it through step by step.",
        ("Unit 2 has 41,000 hours, unit 3 has 12,500. One crew, two weeks. What first?",),
    ),
)
_USERS: Final = ("ada", "bruno", "chen", "dalia", "emil", "fatou")
_SCHEMA: Final = {
    "type": "json_schema",
    "json_schema": {
        "name": "ticket",
        "schema": {
            "type": "object",
            "properties": {
                "urgency": {"enum": ["low", "normal", "high"]},
                "topic": {"type": "string"},
            },
            "required": ["urgency", "topic"],
        },
    },
}


def draw_call(draw: Random, models: Sequence[str]) -> DemoCall:
    """Draws one call: mostly chat, some embeddings. One in fifty names an unknown model; one in
    forty is cancelled by the client."""
    use_case = draw.choice(_USE_CASES)
    question = draw.choice(use_case.questions)
    attributes = (
        ("team", use_case.team),
        ("use-case", use_case.name),
        ("user", draw.choice(_USERS)),
        ("environment", draw.choice(("production", "production", "staging"))),
        ("session", f"demo-{draw.randrange(40)}"),
    )
    embedders = [model for model in models if "embed" in model]
    chat_models = [model for model in models if model not in embedders]
    if embedders and (draw.random() < 0.15 or not chat_models):
        body = {"model": draw.choice(embedders), "input": [question]}
        return DemoCall("/v1/embeddings", body, attributes)
    model = _WRONG_MODEL if draw.random() < 0.02 else draw.choice(chat_models)
    body = _chat(draw, use_case, question, model)
    cancels = bool(body["stream"]) and draw.random() < 0.05
    return DemoCall("/v1/chat/completions", body, attributes, cancels_early=cancels)


def _chat(draw: Random, use_case: DemoUseCase, question: str, model: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": model,
        "messages": [
            {"role": "system", "content": use_case.system},
            {"role": "user", "content": question},
        ],
        "max_tokens": draw.choice((40, 80, 160)),
        "stream": draw.random() < 0.5,
    }
    if body["stream"]:
        body["stream_options"] = {"include_usage": True}
    if "reason" in model:
        body["reasoning_effort"] = "minimal"  # else reasoning uses up `max_tokens`
    if use_case.json_answer:
        body["response_format"] = _SCHEMA
    return body
