"""The task whose logs are the test data of `penstock import inspect`."""

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import CORRECT, NOANSWER, PARTIAL, Score, accuracy, includes, mean, scorer
from inspect_ai.solver import generate, system_message


def said(question, text):
    return f'{question}\nx-sim-step: {{"text": "{text}"}}'


@scorer(metrics={"words": [mean()], "short": [mean()]})
def figures():
    async def score(state, target):
        text = state.output.completion
        return Score(value={"words": float(len(text.split())), "short": len(text) < 9})

    return score


@scorer(metrics=[accuracy()])
def careful():
    async def score(state, target):
        values = {"Paris": CORRECT, "It is Rome.": PARTIAL, "Bergen": NOANSWER}
        value = values.get(state.output.completion, float("nan"))
        return Score(value=value, explanation=f"It says {state.output.completion}")

    return score


@task
def capitals():
    return Task(
        dataset=[
            Sample(
                id="fr",
                input=said("Capital of France?", "Paris"),
                target="Paris",
                metadata={"continent": "Europe"},
            ),
            Sample(id=7, input=said("Capital of Italy?", "It is Rome."), target=["Rome", "Roma"]),
            Sample(id="no", input=said("Capital of Norway?", "Bergen"), target="Oslo"),
            Sample(id="?", input=said("Capital of Atlantis?", "None"), target="None"),
            Sample(id="lost", input="Capital of Nowhere?\nx-sim-fault: 400", target="-"),
        ],
        solver=[system_message("Answer with one word."), generate()],
        scorer=[includes(), figures(), careful()],
        epochs=2,
        fail_on_error=False,
    )
