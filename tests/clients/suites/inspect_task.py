"""A task of Inspect whose model is the gateway's, for the simulator."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes


def said(question: str, text: str) -> str:
    return f'{question}\nx-sim-step: {{"text": "{text}"}}'


@task
def capitals() -> Task:
    return Task(
        dataset=[
            Sample(id="fr", input=said("Capital of France?", "Paris"), target="Paris"),
            Sample(id="no", input=said("Capital of Norway?", "Bergen"), target="Oslo"),
            Sample(id="lost", input="Capital of Nowhere?\nx-sim-fault: 400", target="-"),
        ],
        scorer=includes(),
        fail_on_error=False,
    )
