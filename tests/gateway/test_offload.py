"""A large body is translated beside the event loop, a small one on it."""

import asyncio
import threading

import pytest
from anthropic import AsyncAnthropic

from gateway.conftest import Rig
from gateway.homes import KEY
from gateway.raw_upstream import answers, unary
from penstock.gateway.offload import INLINE_BYTES, offload
from penstock.kernel.errors import InvalidRequest


def test_only_large_bodies_leave_the_event_loop() -> None:
    async def threads() -> tuple[int, int, int]:
        small = await offload(INLINE_BYTES, threading.get_ident)
        large = await offload(INLINE_BYTES + 1, threading.get_ident)
        return threading.get_ident(), small, large

    loop, small, large = asyncio.run(threads())
    assert (small == loop, large == loop) == (True, False)


def test_other_work_goes_on_meanwhile_and_errors_arrive() -> None:
    async def run() -> None:
        begun, released = threading.Event(), threading.Event()

        def work() -> None:
            begun.set()
            assert released.wait(30)
            raise InvalidRequest("no")

        task = asyncio.create_task(offload(INLINE_BYTES + 1, work))
        while not begun.is_set():
            await asyncio.sleep(0.001)  # the loop turns while the work runs
        released.set()
        with pytest.raises(InvalidRequest):
            await task

    asyncio.run(run())


@pytest.mark.asyncio(loop_scope="module")
async def test_a_large_answer_is_translated(rig: Rig) -> None:
    text = "x" * (INLINE_BYTES + 1)
    body = b'{"choices":[{"index":0,"message":{"content":"%b"}}]}' % text.encode()
    rig.answer(answers(unary(body)))
    async with AsyncAnthropic(base_url=rig.worker.url, api_key=KEY, max_retries=0) as client:
        answer = await client.messages.create(
            model="small", max_tokens=5, messages=[{"role": "user", "content": "x"}]
        )
    assert [block.text for block in answer.content if block.type == "text"] == [text]
