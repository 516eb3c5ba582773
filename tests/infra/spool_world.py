"""Fixtures of the spool tests: calls to record, and a store for several processes."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import msgspec

from penstock.infra.spool import SendOutcome, SendResult, Spool, SpoolLimits
from penstock.infra.spool.frame import Damage, Frame, Kind, scan
from penstock.kernel.ids import uuid7
from penstock.kernel.time import SystemClock
from penstock.rules.call import CallBegin, CallEnd, Caller, CallStatus, decode_end, encode


def new_writer(seed: random.Random | None = None) -> str:
    clock, source = SystemClock(), seed or random.SystemRandom()
    return uuid7(clock.now_ns(), source.randbytes(10)).hex


def begin_of(number: int, writer: str = "w") -> CallBegin:
    return CallBegin(
        project_id="prj_test",
        trace_id=f"{writer}-{number}",
        span_id=f"s{number}",
        parent_span_id="",
        start_ns=SystemClock().now_ns(),
        operation="chat",
        request_model="sim/echo",
        stream=False,
        caller=Caller(),
    )


def end_of(begin: CallBegin, size: int = 1000) -> CallEnd:
    return CallEnd(
        begin=begin,
        end_ns=SystemClock().now_ns(),
        status=CallStatus.OK,
        http_status=200,
        response=b"x" * size,
    )


def record(spool: Spool, number: int, *, writer: str = "w", size: int = 1000) -> str:
    """Records a whole call; returns its trace id."""
    begin = begin_of(number, writer)
    spool.begin(begin.trace_id, encode(begin))
    assert spool.end(begin.trace_id, encode(end_of(begin, size)))
    return begin.trace_id


class JumpingClock(SystemClock):
    """A clock whose wall time is shifted by `jump_s`; its monotonic time is not."""

    jump_s = 0.0

    def now_ns(self) -> int:
        return time.time_ns() + int(self.jump_s * 1e9)


def open_spool(
    directory: Path,
    writer: str | None = None,
    clock: SystemClock | None = None,
    **limits: float,
) -> Spool:
    quick = {"batch_s": 0.05, "sync_s": 0.02, "adopt_s": 0.05, "measure_s": 0.1}
    wanted = msgspec.convert(quick | limits, SpoolLimits)
    return Spool.open(
        directory,
        writer or new_writer(),
        clock=clock or SystemClock(),
        jitter=random.random,
        limits=wanted,
    )


class FolderStore:
    """Stores each batch once under its name, in a folder; durable when `__call__` returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.deliveries: list[str] = []
        self.result: SendResult | None = None  # returned instead of storing

    async def __call__(self, name: str, data: bytes) -> SendResult:
        self.deliveries.append(name)
        if self.result is not None:
            return self.result
        assert not any(isinstance(found, Damage) for found in scan(data))
        target = self.folder / name
        if not target.exists():
            draft = self.folder / f".{random.getrandbits(64)}"
            draft.write_bytes(data)
            draft.rename(target)
        return SendResult(SendOutcome.STORED)

    def ends(self) -> list[CallEnd]:
        return [
            decode_end(found.payload)
            for path in sorted(self.folder.glob("[!.]*"))
            for found in scan(path.read_bytes())
            if isinstance(found, Frame) and found.kind is Kind.END
        ]

    def calls(self, *statuses: CallStatus) -> Counter[str]:
        """Counts the stored calls by trace id."""
        return Counter(
            end.begin.trace_id for end in self.ends() if not statuses or end.status in statuses
        )


async def eventually(condition: Callable[[], object], within_s: float = 30.0) -> None:
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.02)
