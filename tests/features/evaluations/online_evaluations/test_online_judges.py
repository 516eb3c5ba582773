"""Online evaluation with judges: attribution, budget, providers that are gone."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock.features.evaluations.model import EvaluatorChoice
from penstock.features.evaluations.online.model import BudgetPeriod
from penstock.plugins.evaluators.judges import rubric
from tests.features.evaluations.online_evaluations.conftest import OnlineWorld
from tests.features.evaluations.test_calls import Gateway, calling

POLITE = EvaluatorChoice("polite", "rubric", {"model": "judge", "criteria": "It is polite."})


def yes_of_judge(gateway: Gateway, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    """The answer of a judge who says yes."""
    (body,) = {
        each["body"]
        for each in gateway.asked
        if each["idempotency-key"] == headers["idempotency-key"]
    }
    asked = json.loads(body)
    schema = asked["response_format"]["json_schema"]["schema"]
    said = {"key": schema["properties"]["key"]["enum"][0], "reason": "", "met": True}
    message = {"content": json.dumps(said | {"abstain": False})}
    body = json.dumps({"choices": [{"message": message}]}).encode()
    return 200, {"x-penstock-cost": "0.25"}, body


class Judged:
    """A rule with a judge, and the gateway that answers for it."""

    def __init__(self, world: OnlineWorld, **fields: Any) -> None:
        self.world = world
        self.gateway = Gateway(lambda number, headers: yes_of_judge(self.gateway, headers))
        world.evaluators["rubric"] = rubric
        usual = {"key_id": "key_1", "budget_usd": 1.0}
        world.rule(evaluators=(POLITE,), **{**usual, **fields})

    def run(self, seconds: float = 60) -> None:
        """Draws, measures and writes scores."""
        self.world.draw(seconds)

        async def work() -> None:
            async with calling(self.gateway) as calls:
                self.world.send = calls.send
                await self.world.work_until_idle()

        asyncio.run(work())
        self.world.online.writer.write()


def test_judges_are_called_as_the_key_of_the_rule_and_cost_its_budget(world: OnlineWorld) -> None:
    judged = Judged(world)
    world.call()
    judged.run()
    (asked,) = judged.gateway.asked
    assert asked["x-penstock-tags"] == "online_evaluation=quality,eval_judge=1"
    assert asked["idempotency-key"].startswith("judge-")
    (score,) = world.scores()
    assert (score.name, score.number, score.state) == ("polite", 1.0, "scored")
    assert world.counts().cost_usd == 0.25
    spent = world.stored().spent(world.context.now_ms())
    assert (spent.usd, spent.exhausted) == (0.25, False)


def test_a_spent_budget_pauses_the_rule_until_the_next_period(world: OnlineWorld) -> None:
    judged = Judged(world)
    for at in range(10):
        world.call(f"Answer {at}")
    judged.run()
    counts, stored = world.counts(), world.stored()
    assert counts.measured == 4
    assert counts.drawn == counts.measured
    assert counts.drawn + counts.budget == counts.eligible == 10
    assert stored.spent(world.context.now_ms()).exhausted
    assert len(world.scores()) == counts.measured

    paid = len(judged.gateway.asked)
    world.call("Another")
    judged.run()
    assert world.counts().budget == counts.budget + 1
    assert len(judged.gateway.asked) == paid

    world.call("Tomorrow")
    judged.run(25 * 3600)
    assert world.counts().measured == counts.measured + 1
    assert world.stored().spent(world.context.now_ms()).usd == 0.25


def test_a_higher_budget_ends_the_pause(world: OnlineWorld) -> None:
    judged = Judged(world, budget_usd=0.5, budget_period=BudgetPeriod.MONTH)
    for at in range(12):
        world.call(f"Answer {at}")
    judged.run()
    before = world.counts().measured
    world.clock.seconds = 0
    usual = {"key_id": "key_1", "budget_usd": 100.0, "budget_period": BudgetPeriod.MONTH}
    world.rule(evaluators=(POLITE,), **usual)
    world.call("Another")
    judged.run()
    assert world.counts().measured == before + 1
    assert len(world.stored().spent(world.context.now_ms()).period) == len("2026-11")


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (
            lambda: (404, {}, b'{"error": {"message": "No provider judge."}}'),
            "infrastructure_error",
        ),
        (lambda: (200, {}, b'{"choices": [{"message": {"content": "Nice!"}}]}'), "judge_error"),
    ],
)
def test_a_judge_that_is_gone_or_unclear_is_a_state_with_a_reason(
    world: OnlineWorld, answer: Callable[[], tuple[int, dict[str, str], bytes]], state: str
) -> None:
    judged = Judged(world)
    judged.gateway.reply = lambda number, headers: answer()
    world.call()
    judged.run()
    (score,) = world.scores()
    assert score.state == state
    assert score.comment
    assert world.counts().measured == 1
