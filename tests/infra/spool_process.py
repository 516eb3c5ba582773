"""A gateway worker reduced to its spool: records calls without end and prints the finished ones.

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


class WorkerConfig(msgspec.Struct):
    directory: str
    store: str
    writer: str
    kill_at: str = ""
    kill_after: int = 1
    leave_open: int = 3
    payload: int = 2000
    segment_bytes: int = 100_000
    pause_s: float = 0.001
    child: bool = False  # start a child process that outlives the worker
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


async def work(config: WorkerConfig) -> None:
    limits = SpoolLimits(
        segment_bytes=config.segment_bytes,
        batch_bytes=20_000,
        batch_s=0.05,
        sync_s=0.02,
        adopt_s=0.05 if config.adopt else 1e6,
    )
    spool = Spool.open(
        Path(config.directory),
        config.writer,
        clock=SystemClock(),
        jitter=random.random,
        limits=limits,
        on_step=killer(config.kill_at, config.kill_after),
    )
    if config.child:
        subprocess.Popen(["/bin/sleep", "30"], close_fds=False)
    for number in range(config.leave_open):
        begin = begin_of(-1 - number, config.writer)
        spool.begin(begin.trace_id, encode(begin))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(spool.run(FolderStore(Path(config.store))))
        tasks.create_task(record_without_end(spool, config))


async def record_without_end(spool: Spool, config: WorkerConfig) -> None:
    number = 0
    while True:
        begin = begin_of(number, config.writer)
        spool.begin(begin.trace_id, encode(begin))
        spool.end(begin.trace_id, encode(end_of(begin, config.payload)))
        os.write(1, f"{begin.trace_id}\n".encode())  # the call counts as answered
        number += 1
        await asyncio.sleep(config.pause_s)


if __name__ == "__main__":
    asyncio.run(work(msgspec.json.decode(sys.argv[1], type=WorkerConfig)))
