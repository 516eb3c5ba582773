"""A gateway's worker reduced to its spool: records calls for ever and says which are finished.

`python spool_process.py '{"directory": …, "store": …, "writer": …, "kill_at": "shipped"}'`
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import msgspec

from infra.spool_world import FolderStore, begin_of, end_of
from penstock.infra.spool import Spool, SpoolLimits
from penstock.kernel.time import SystemClock
from penstock.rules.call import encode


class Orders(msgspec.Struct):
    directory: str
    store: str
    writer: str
    kill_at: str = ""
    kill_after: int = 1
    leave_open: int = 3
    payload: int = 2000
    segment_bytes: int = 100_000
    pause_s: float = 0.001
    child: bool = False  # start a program that outlives us
    adopt: bool = True


def killer(step_name: str, after: int) -> "callable[[str], None]":
    left = after

    def on_step(step: str) -> None:
        nonlocal left
        if step == step_name:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)

    return on_step


async def work(orders: Orders) -> None:
    limits = SpoolLimits(
        segment_bytes=orders.segment_bytes,
        batch_bytes=20_000,
        batch_s=0.05,
        sync_s=0.02,
        adopt_s=0.05 if orders.adopt else 1e6,
    )
    spool = Spool.open(
        Path(orders.directory),
        orders.writer,
        clock=SystemClock(),
        jitter=random.random,
        limits=limits,
        on_step=killer(orders.kill_at, orders.kill_after),
    )
    if orders.child:
        subprocess.Popen(["/bin/sleep", "30"], close_fds=False)
    for number in range(orders.leave_open):
        begin = begin_of(-1 - number, orders.writer)
        spool.begin(begin.trace_id, encode(begin))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(spool.run(FolderStore(Path(orders.store))))
        tasks.create_task(record_for_ever(spool, orders))


async def record_for_ever(spool: Spool, orders: Orders) -> None:
    number = 0
    while True:
        begin = begin_of(number, orders.writer)
        spool.begin(begin.trace_id, encode(begin))
        spool.end(begin.trace_id, encode(end_of(begin, orders.payload)))
        os.write(1, f"{begin.trace_id}\n".encode())  # the caller has its answer
        number += 1
        await asyncio.sleep(orders.pause_s)


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.argv[1], type=Orders)))
