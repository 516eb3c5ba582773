"""`python -m bench.opcodes`: what Python executes for one call through a gateway worker.

Prints for each function how many bytecode instructions it executes and how often it is called, most
first. The figures do not depend on what else the machine does. They show what `bench.instructions`
cannot: which of our lines cause the instructions. C functions do not count here.
"""

import argparse
import asyncio
import os
import runpy
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

from bench.instructions import ARMS, CALLS, CONNECTIONS, WARMUP_CALLS, load, provider, worker
from bench.workloads import ANSWERS, answer_body

_TRACED: Final = "--traced"  # the worker is run by this module
_WRITTEN_S: Final = 1.0  # after the signal
_TREE: Final = Path(__file__).parents[1]


def main(argv: list[str]) -> int:
    """Prints the functions of one arm, and their sums."""
    parser = argparse.ArgumentParser(prog="python -m bench.opcodes", description=__doc__)
    parser.add_argument("--arm", default="off", choices=ARMS)
    parser.add_argument("--workload", default="small", choices=ANSWERS)
    parser.add_argument("--most", type=int, default=60, help="of the functions to print")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        lines = asyncio.run(_measure(options.arm, options.workload, Path(folder)))
    totals = [sum(float(line.split()[at]) for line in lines) for at in (0, 1)]
    print(f"{totals[0]:9.1f} {totals[1]:7.2f} all")
    print("\n".join(lines[: options.most]))
    return 0


async def _measure(arm: str, workload: str, folder: Path) -> list[str]:
    policies, cached = ARMS[arm]
    found = folder / "opcodes"
    tool = [sys.executable, "-m", "bench.opcodes", _TRACED, str(found)]
    body = answer_body(ANSWERS[workload])
    async with provider(body) as url, worker(folder, url, policies, _TREE, tool) as (port, pid):
        await load(port, workload, "warm", cached=cached, calls=WARMUP_CALLS)
        os.kill(pid, signal.SIGUSR2)
        await load(port, workload, "call", cached=cached, calls=CALLS)
        os.kill(pid, signal.SIGUSR2)
        await asyncio.sleep(_WRITTEN_S)
    return found.read_text().splitlines()


class _Tracer:
    """Counts from one signal to the next, and then writes what it has counted."""

    def __init__(self, found: Path) -> None:
        self._found = found
        self._counts = False
        self._opcodes: Counter[CodeType] = Counter()
        self._calls: Counter[CodeType] = Counter()

    def toggle(self, *_: object) -> None:
        self._counts = not self._counts
        if not self._counts:
            self._found.write_text("".join(map(self._line, self._opcodes.most_common())))

    def called(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG002 - of sys.settrace
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        if self._counts:
            self._calls[frame.f_code] += 1
        return self._executed

    def _executed(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG002 - of sys.settrace
        if event == "opcode" and self._counts:
            self._opcodes[frame.f_code] += 1
        return self._executed

    def _line(self, counted: tuple[CodeType, int]) -> str:
        code, opcodes = counted
        calls = CALLS * CONNECTIONS
        file = code.co_filename.removeprefix(f"{_TREE}/src/penstock/")
        of_call = f"{opcodes / calls:9.1f} {self._calls[code] / calls:7.2f}"
        return f"{of_call} {file}:{code.co_qualname}\n"


def _run_traced(found: str, module: str, *arguments: str) -> None:
    tracer = _Tracer(Path(found))
    signal.signal(signal.SIGUSR2, tracer.toggle)
    sys.settrace(tracer.called)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if sys.argv[1:2] == [_TRACED]:
        _run_traced(sys.argv[2], *sys.argv[4:])  # without the -m
    else:
        raise SystemExit(main(sys.argv[1:]))
