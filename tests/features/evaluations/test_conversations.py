"""Targets of several turns: a model plays the user."""

import asyncio
import json

import pytest

from penstock.features.evaluations.model import STOP_TEXT, Result, RunState, SimulatedUser
from penstock.kernel.errors import InvalidRequest
from penstock.rules.releases.documents import Release
from tests.features.evaluations.conftest import Evaluated
from tests.features.evaluations.test_calls import Gateway, calling

USER = SimulatedUser("sim/user", "You want a refund.", max_turns=3)


class TalkingGateway(Gateway):
    """The assistant counts its answers; the user says how many messages it sees, and stops after
    `until` of them. Calls from number `fails_at` on are rejected by a provider that is away."""

    def __init__(self, until: int = 100, fails_at: int = 10**9) -> None:
        self.until, self.fails_at = until, fails_at
        super().__init__(self._said)

    def _said(self, number: int, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if number >= self.fails_at:
            return 500, {}, b"{}"
        asked = json.loads(self.asked[number - 1]["body"])
        messages = asked["messages"]
        if asked["model"] == "sim/user":
            seen = len(messages) - 1
            text = STOP_TEXT if seen > self.until else f"I saw {seen}"
        else:
            text = f"Answer to {messages[-1]['content']}"
        body = {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}
        return 200, {"x-penstock-cost": "0.25"}, json.dumps(body).encode()


def work(evaluated: Evaluated, gateway: Gateway) -> None:
    async def run() -> None:
        async with calling(gateway) as calls:
            evaluated.use(calls.send)
            await evaluated.work_until_idle()

    asyncio.run(run())


def started(evaluated: Evaluated, user: SimulatedUser = USER) -> str:
    editor, project = evaluated.released.editor, evaluated.project
    digest = evaluated.service.releases.make(editor, project, Release("support-route"))
    return evaluated.start(release=digest, key_id="key_1", user=user)


def only(evaluated: Evaluated, run: str) -> Result:
    (row,) = evaluated.results.page(evaluated.project, run, (), None, 10)
    return row


def test_a_conversation_ends_after_the_last_turn_with_its_costs_apart(
    evaluated: Evaluated,
) -> None:
    evaluated.fill(1)
    gateway = TalkingGateway()
    run = started(evaluated)
    work(evaluated, gateway)
    row = only(evaluated, run)
    assert [each["content"] for each in row.answer.messages] == [
        "Question 0",
        "Answer to Question 0",
        "I saw 2",
        "Answer to I saw 2",
        "I saw 4",
        "Answer to I saw 4",
    ]
    assert row.answer.output == "Answer to I saw 4"
    assert (row.answer.cost_usd, row.answer.user_cost_usd, row.cost_usd) == (0.75, 0.5, 1.25)
    report = evaluated.get(run).run.report
    assert (report["cost_usd"], report["user_cost_usd"]) == (1.25, 0.5)
    user = json.loads(gateway.asked[1]["body"])["messages"]
    assert [each["role"] for each in user] == ["system", "assistant", "user"]
    assert "You want a refund." in user[0]["content"]


def test_the_user_ends_it_and_items_say_more_about_the_user(evaluated: Evaluated) -> None:
    evaluated.fill(1)
    gateway = TalkingGateway(until=2)
    run = started(evaluated, SimulatedUser("sim/user", "Be short.", field="lang", max_turns=9))
    work(evaluated, gateway)
    row = only(evaluated, run)
    assert (len(row.answer.messages), row.answer.stopped) == (4, True)
    assert json.loads(gateway.asked[1]["body"])["messages"][0]["content"].endswith(
        "Be short.\n\nen"
    )


def test_a_conversation_that_breaks_off_goes_on_where_it_was(
    evaluated: Evaluated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.features.evaluations.work.calls._FIRST_PAUSE_S", 0.001)
    evaluated.fill(1)
    run = started(evaluated)
    work(evaluated, TalkingGateway(fails_at=4))
    broken = only(evaluated, run)
    assert (broken.state.value, len(broken.answer.messages)) == ("failed", 4)
    assert broken.answer.cost_usd == 0.5
    evaluated.service.resume(evaluated.released.editor, evaluated.project, run)
    gateway = TalkingGateway()
    work(evaluated, gateway)
    row = only(evaluated, run)
    assert evaluated.get(run).run.state is RunState.DONE
    assert len(row.answer.messages) == 6
    assert len(gateway.asked) == 2  # the user, and the third answer
    assert (row.answer.cost_usd, row.answer.user_cost_usd) == (0.75, 0.5)


def test_recorded_outputs_have_no_user(evaluated: Evaluated) -> None:
    evaluated.fill(1)
    with pytest.raises(InvalidRequest, match="talks with a release"):
        evaluated.start("equals", output_field="out", user=USER)
