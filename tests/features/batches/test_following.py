"""Batches are followed to their end, and each of their requests is recorded once."""

import asyncio
import json
import resource
import time
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from itertools import repeat
from typing import Any

import pytest

from penstock.features.batches.following import AT_ONCE, BatchFollower
from penstock.features.batches.lines import MAX_LINE_BYTES, lines_of
from penstock.features.batches.model import FOLLOWED_DAYS, MAX_BATCHES, FollowState
from penstock.features.batches.recording import LINES_AT_ONCE
from penstock.features.traces.model import ALL_CALLS
from penstock.infra.egress.client import Egress
from penstock.kernel.errors import Overloaded
from penstock.rules.call import CallStatus
from tests.features.batches.conftest import Batches, creation
from tests.features.batches.scripted import answered, asked, failed
from tests.features.traces import calls
from tests.features.world import SECRET

DAY_MS = 86_400_000


def test_the_requests_of_a_batch_become_calls_of_the_key_that_made_it(batches: Batches) -> None:
    batches.create()
    batches.provider.batch(
        status="in_progress", request_counts={"total": 3, "completed": 1, "failed": 0}
    )
    batch = batches.look()
    assert (batch.state, batch.seen.status, batch.seen.counts.total) == ("open", "in_progress", 3)
    ended = int(time.time())
    batches.provider.batch(output_file_id="out", error_file_id="err", completed_at=ended)
    batches.provider.file("file-in", *map(asked, "abc"))
    batches.provider.file("out", answered("b", 20), answered("a"))
    batches.provider.file("err", failed("c"))
    batch = batches.look()
    assert (batch.state, batch.problem) == (FollowState.RECORDED, "")
    done = batch.recorded
    assert (done.calls, done.errors, done.unreadable, done.unpriced) == (3, 1, 0, 0)
    assert (done.input_tokens, done.output_tokens) == (30, 60)
    # 30 tokens at $1.25 and 60 at $5 for a million
    assert done.cost == Decimal("0.0003375")
    wrong, first, second = batches.calls(batch)
    assert (first.key_id, first.caller["team"], first.tags) == ("key_1", "search", {"run": "7"})
    assert (first.operation, first.dialect, first.provider) == ("chat", "openai", "up")
    assert (first.model, first.response_model) == ("gpt-4o", "gpt-4o-2024-08-06")
    assert (first.start_ns, first.duration_ns) == (ended * 10**9, 0)
    assert (first.cost, second.cost) == (Decimal("0.0001125"), Decimal("0.000225"))
    assert (first.input_preview, first.output_preview) == ("Question a", "Answer to a")
    assert (wrong.status, wrong.http_status) == (CallStatus.ERROR, 400)
    assert (wrong.error_type, wrong.error_message) == ("invalid_request_error", "messages: too few")
    assert wrong.input_preview == "Question c"
    assert {credential for _, credential in batches.provider.asked} == {f"Bearer {SECRET}"}


def test_durations_of_calls_are_those_of_calls_outside_of_batches(batches: Batches) -> None:
    batches.create()
    batches.provider.batch(output_file_id="out")
    batches.provider.file("out", *(answered(str(number)) for number in range(20)))
    batches.look()
    made = calls.call(batches.project, time.time_ns() - 10**9)
    calls.store(batches.traces, made)
    found = batches.traces.overview(batches.project, calls.ALWAYS, ALL_CALLS).totals
    assert found.requests == 22
    assert found.duration_ns[0]
    assert found.duration_ns[0] > 10**6
    limited = batches.traces.used(
        *(batches.project, calls.ALWAYS.start_ns, calls.ALWAYS.end_ns, ("key",)),
        only={},
        width_ns=0,
    )
    assert sum(each.requests for each in limited) == 2


def test_a_project_that_records_no_content_gets_calls_without_content(batches: Batches) -> None:
    batches.captures = False
    batches.create()
    batches.provider.batch(output_file_id="out")
    batches.provider.file("out", answered("a"))
    (call,) = batches.calls(batches.look())
    assert (call.request, call.response, call.input_tokens) == ("", "", 10)
    assert [path for path, _ in batches.provider.asked if "file-in" in path] == []


def test_a_server_that_was_killed_records_no_line_twice_and_loses_none(batches: Batches) -> None:
    """It is killed after each group: before the group is counted, and after it."""
    count = 3 * LINES_AT_ONCE + 7
    batches.create()
    batches.provider.batch(output_file_id="out", error_file_id="err")
    batches.provider.file("out", *(answered(f"{number:04}") for number in range(count)))
    batches.provider.file("err", *(failed(f"e{number:04}") for number in range(LINES_AT_ONCE + 1)))
    groups = 0

    def dies_after(_name: str, _frames: bytes) -> object:
        nonlocal groups
        batches.ports.ingest(_name, _frames)
        groups += 1
        raise Overloaded("killed here")

    batch = batches.one()
    for _ in range(6):
        stored = batch.recorded
        batch = batches.look(ports=replace(batches.ports, ingest=dies_after))  # stored, not counted
        assert (batch.recorded, batch.state) == (stored, FollowState.OPEN)
        left = iter([batches.ports.ingest])

        def dies_before_the_second(name: str, frames: bytes) -> object:
            return next(left, dies_after)(name, frames)  # noqa: B023 - called in this turn only

        batch = batches.look(ports=replace(batches.ports, ingest=dies_before_the_second))
    assert groups >= 5
    batch = batches.look()
    assert batch.state == FollowState.RECORDED
    assert (batch.recorded.calls, batch.recorded.errors) == (
        count + LINES_AT_ONCE + 1,
        LINES_AT_ONCE + 1,
    )
    found = batches.calls(batch)
    assert len(found) == batch.recorded.calls
    assert len({each.span_id for each in found}) == len(found)
    assert sum(each.input_tokens for each in found) == batch.recorded.input_tokens == 10 * count


def test_lines_that_are_no_answers_cost_themselves(batches: Batches) -> None:
    huge = json.loads(answered("huge"))
    huge["response"]["body"]["usage"]["prompt_tokens"] = 2**64
    lines = [
        answered("a"),
        b"not JSON",
        b"[" * 100_000,
        b'{"custom_id": "x"',
        b'{"custom_id": 7}',
        b'{"custom_id": "\xff"}',
        answered(""),
        answered("x" * 600),
        answered("a"),  # again
        answered("leak", system_fingerprint=SECRET),
        b"",
        json.dumps(huge).encode(),
        answered("nobody asked for this"),
        b'{"custom_id": "none", "response": null, "error": {"code": "batch_expired"}}',
        b"x" * (MAX_LINE_BYTES + 1),
        answered("z"),
    ]
    batches.create()
    batches.provider.batch(output_file_id="out")
    batches.provider.file("file-in", asked("a"), b"nonsense", asked("z"))
    batches.provider.file("out", *lines)
    batch = batches.look()
    done = batch.recorded
    assert batch.state == FollowState.RECORDED
    assert (done.calls, done.errors, done.unreadable, done.unpriced) == (5, 1, 10, 1)
    by_id = {each.response_id: each for each in batches.calls(batch)}
    assert by_id["chatcmpl-huge"].cost is None
    assert by_id["chatcmpl-huge"].usage_source == "invalid"
    assert by_id["chatcmpl-nobody asked for this"].input_preview == ""
    assert by_id["chatcmpl-z"].input_preview == "Question z"
    assert by_id[""].error_type == "batch_expired"
    assert SECRET not in repr(by_id)


def test_a_line_without_end_needs_no_memory(batches: Batches) -> None:
    def content() -> Iterable[bytes]:
        yield answered("a") + b"\n"
        yield from repeat(b"x" * 2**20, 256)
        yield b"\n" + answered("b") + b"\n"

    batches.create()
    batches.provider.batch(output_file_id="out")
    batches.provider.pages["/v1/files/out/content"] = content
    before = _peak_kb()
    batch = batches.look()
    assert (batch.recorded.calls, batch.recorded.unreadable) == (2, 1)
    assert _peak_kb() - before < 100_000


def _peak_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b'{"id": "batch_1"}',
        b'{"status": 7}',
        b'{"status": "completed", "request_counts": {"total": "many"}}',
        b"x" * 2_000_000,
        500,
        404,
    ],
)
def test_an_answer_that_is_no_batch_is_asked_for_again_later(batches: Batches, answer: Any) -> None:
    batches.create()
    batches.provider.pages["/v1/batches/batch_1"] = answer
    waits: list[int] = []
    for tries in range(1, 5):
        batch = batches.look()
        assert (batch.state, batch.tries) == (FollowState.OPEN, tries)
        assert batch.problem
        waits.append(batch.next_ms - batch.updated_ms)
    assert waits == [5_000, 10_000, 20_000, 40_000]
    batches.provider.batch(status="validating")
    assert batches.look().problem == ""


def test_counts_and_states_that_make_no_sense_are_bounded(batches: Batches) -> None:
    batches.create()
    counts = {"total": 2**64, "completed": -5, "failed": 1}
    batches.provider.batch(status="A" * 500, request_counts=counts, completed_at=2**70)
    batch = batches.look()
    assert (batch.seen.status, batch.seen.over) == ("unknown", False)
    assert (batch.seen.counts.total, batch.seen.counts.completed) == (10**9, 0)
    batches.provider.batch(output_file_id="out", completed_at=2**70)
    batches.provider.file("out", answered("a"))
    batch = batches.look()
    assert batch.created_ms <= batch.ended_ms <= batch.updated_ms
    batches.provider.batch(status="in_progress")  # and back
    assert (batch.state, len(batches.calls(batch))) == (FollowState.RECORDED, 1)


def test_a_batch_that_never_ends_is_given_up(batches: Batches) -> None:
    batches.create()
    batches.provider.batch(status="in_progress")
    old = replace(batches.one(), created_ms=batches.one().created_ms - FOLLOWED_DAYS * DAY_MS)
    batches.store(old)
    batch = batches.look()
    assert (batch.state, batch.problem) == (FollowState.GIVEN_UP, "It does not end.")


def test_a_batch_whose_answers_cannot_be_read_is_given_up_with_the_reason(
    batches: Batches,
) -> None:
    batches.create()
    batches.provider.batch(output_file_id="out")
    assert "404" in batches.look().problem
    old = replace(batches.one(), created_ms=batches.one().created_ms - FOLLOWED_DAYS * DAY_MS)
    batches.store(old)
    batch = batches.look()
    assert batch.state == FollowState.GIVEN_UP
    assert "404" in batch.problem


def test_a_batch_that_failed_shows_its_providers_reason(batches: Batches) -> None:
    batches.create()
    errors = {"object": "list", "data": [{"code": "bad", "message": f"No quota for {SECRET}."}]}
    batches.provider.batch(status="failed", errors=errors)
    batch = batches.look()
    assert (batch.state, batch.recorded.calls) == (FollowState.RECORDED, 0)
    assert batch.problem == "No quota for [redacted]."


def test_a_removed_provider_is_a_problem_that_says_so(batches: Batches) -> None:
    batches.create()
    batches.world.catalog.providers.remove(batches.world.root, batches.project, "up")
    batch = batches.look()
    assert batch.state == FollowState.OPEN
    assert "no provider named 'up'" in batch.problem


def test_a_batch_is_noted_once_and_only_if_it_was_made(batches: Batches) -> None:
    batches.create()
    batches.create()  # the caller asked again, and the provider knew it
    batches.create("batch_2", status=CallStatus.ERROR)
    batches.create("batch_3", attempts=())
    batches.create("")
    assert batches.one().origin.plain_id == "batch_1"


def test_projects_see_their_own_batches_only(batches: Batches) -> None:
    batches.create()
    batches.create(project="prj_other")
    mine, theirs = batches.one(), batches.service.list("prj_other", None, 10)[0]
    assert mine.id != theirs.id
    assert batches.service.caller_id(mine) != batches.service.caller_id(theirs)
    batches.provider.batch(output_file_id="out")
    batches.provider.file("out", answered("a"))
    batch = batches.look(theirs)  # its project has no such provider, and gets none of the other
    assert "no provider named 'up'" in batch.problem
    assert batches.calls(mine) == []


def test_the_table_keeps_a_bounded_number_of_batches(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_BATCHES == 10_000
    monkeypatch.setattr("penstock.features.batches.store.MAX_BATCHES", 3)
    for number in range(3):
        batches.create(f"batch_{number}")
    ended = batches.service.list(batches.project, None, 10)[0]  # the newest
    batches.store(replace(ended, state=FollowState.RECORDED))
    batches.service.note([creation(batches.project, "batch_9")])
    found = {each.origin.plain_id for each in batches.service.list(batches.project, None, 10)}
    assert len(found) == 3
    assert ended.origin.plain_id not in found


async def test_a_provider_that_trickles_delays_no_other_batch(batches: Batches) -> None:
    def trickle() -> Iterable[bytes]:
        for _ in range(300):
            yield b" "
            time.sleep(0.1)

    for number in range(AT_ONCE - 1):
        batches.create(f"slow_{number}")
        batches.provider.pages[f"/v1/batches/slow_{number}"] = trickle
    batches.create("quick")
    batches.provider.batch("quick", output_file_id="out")
    batches.provider.file("out", answered("a"))
    for batch in batches.service.list(batches.project, None, 10):
        batches.store(replace(batch, next_ms=0))
    egress = Egress()
    ports = replace(batches.ports, fetch=egress, open=egress.open)
    running = asyncio.create_task(BatchFollower(batches.context, ports).run())
    async with asyncio.timeout(15):
        while not (found := _recorded(batches)):
            await asyncio.sleep(0.05)
    running.cancel()
    egress.close()
    assert found == ["quick"]


def _recorded(batches: Batches) -> list[str]:
    found = batches.service.list(batches.project, None, 10)
    return [each.origin.plain_id for each in found if each.state == FollowState.RECORDED]


def test_a_file_that_is_too_large_is_recorded_as_far_as_it_is_read(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 40 * LINES_AT_ONCE
    batches.create()
    batches.provider.batch(output_file_id="out")
    lines = [answered(f"{number:04}") for number in range(count)]
    batches.provider.file("out", *lines)
    monkeypatch.setattr(lines_of, "__defaults__", (len(b"".join(lines)) // 2,))
    batch = batches.look()
    assert (batch.state, batch.seen.over) == (FollowState.RECORDED, True)
    assert "the rest is left out" in batch.problem
    assert 0 < batch.recorded.calls < count


def test_a_file_with_more_lines_than_a_batch_may_have_is_cut(
    batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.features.batches.recording.MAX_LINES", 3)
    batches.create()
    batches.provider.batch(output_file_id="out")
    batches.provider.file("out", *(answered(str(number)) for number in range(9)))
    batch = batches.look()
    assert (batch.state, batch.recorded.calls) == (FollowState.RECORDED, 3)
    assert "the others are left out" in batch.problem
