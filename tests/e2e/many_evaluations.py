"""Creates a dataset and runs of recorded outputs in realistic numbers."""

from collections.abc import Iterator
from random import Random
from typing import Any

from installation import Installation

DATASET = "support-questions"
TOPICS = ("billing", "delivery", "returns", "account", "warranty", "products")
LANGUAGES = ("en", "de", "fr", "es")
SPLITS = ("train", "train", "train", "test")
RUNS = (
    ("prompt v12, small model", 0.86, 420.0, 0.0004),
    ("prompt v13, small model", 0.88, 430.0, 0.0004),
    ("prompt v13, large model", 0.93, 1350.0, 0.0061),
    ("prompt v14, small model", 0.862, 390.0, 0.0003),
    ("prompt v14, large model", 0.80, 900.0, 0.0048),
)
"""Label, share of right answers, milliseconds and USD of a call."""
EVALUATORS: tuple[dict[str, Any], ...] = (
    {"kind": "equals"},
    {"kind": "levenshtein"},
    {"kind": "contains", "name": "no_apology", "options": {"values": ["sorry"], "mode": "none"}},
    {"kind": "length", "options": {"unit": "words", "most": 40}},
    {"kind": "latency"},
    {"kind": "cost"},
)
_BATCH = 500  # items and outputs of one request


def create_evaluations(installation: Installation, items: int) -> list[str]:
    """Creates a dataset of so many items and runs over all of them; returns the ids of the runs."""
    project = f"/api/v1/projects/{installation.get('/api/v1/session')['project_id']}"
    description = "Questions to the support team, with the answers that the team gave."
    installation.post(f"{project}/datasets", {"name": DATASET, "description": description})
    dataset = f"{project}/datasets/{DATASET}"
    draft = f"{dataset}/drafts/{installation.post(f'{dataset}/drafts', {})['id']}"
    all_items = [_item(at) for at in range(items)]
    for part in _parts(all_items):
        installation.post(f"{draft}/items", {"items": part})
    installation.post(f"{draft}/commit", {"message": "Tickets of October"})
    changed = [each | {"expected": f"{each['expected']} Thank you."} for each in all_items[:12]]
    installation.post(f"{dataset}/changes", {"put": changed, "message": "Politer answers"})
    all_items[:12] = changed
    return [_run(installation, project, all_items, number) for number in range(len(RUNS))]


def _item(at: int) -> dict[str, Any]:
    topic, language = TOPICS[at * 7 % len(TOPICS)], LANGUAGES[at * 5 % 11 % len(LANGUAGES)]
    return {
        "id": f"ticket-{at:05}",
        "input": (
            f"Order {40_000 + at}: I have a question about {topic}. It was to arrive on "
            f"day {at % 28 + 1}, and I have heard nothing since. What happens now?"
        ),
        "expected": (
            f"Your order {40_000 + at} is handled by the {topic} team. It leaves our store within "
            f"{at % 6 + 2} working days, and you get a message with a link to follow it."
        ),
        "metadata": {"topic": topic, "language": language, "priority": at % 3 + 1},
        "split": SPLITS[at % len(SPLITS)],
    }


def _run(installation: Installation, project: str, items: list[dict[str, Any]], number: int) -> str:
    label, share, latency, cost = RUNS[number]
    body = {"dataset": DATASET, "evaluators": EVALUATORS, "label": label}
    run = installation.post(f"{project}/evaluations", body)["id"]
    random = Random(number)
    outputs = [_output(each, share, latency, cost, random) for each in items]
    for part in _parts(outputs):
        installation.post(f"{project}/evaluations/{run}/outputs", {"outputs": part})
    installation.post(f"{project}/evaluations/{run}/resume", {})
    path = f"{project}/evaluations/{run}"
    installation.wait_for(lambda: installation.get(path)["ended_at"], seconds=300)
    return str(run)


def _output(
    item: dict[str, Any], share: float, latency: float, cost: float, random: Random
) -> dict[str, Any]:
    text, weak = str(item["expected"]), item["metadata"]["topic"] == "warranty"
    if random.random() > share - (0.2 if weak else 0):
        text = random.choice(
            (
                text.replace("working days", "weeks").replace("a link", "the number"),
                f"I am sorry, I cannot find order {item['input'][6:11]}.",
                text.split(".", maxsplit=1)[0] + ".",
            )
        )
    known = random.random() > 0.02
    return {
        "item_id": item["id"],
        "output": text,
        "latency_ms": round(latency * random.lognormvariate(0, 0.4), 1) if known else None,
        "cost_usd": round(cost * random.uniform(0.6, 1.4), 7) if known else None,
    }


def _parts(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for at in range(0, len(rows), _BATCH):
        yield rows[at : at + _BATCH]
