"""A gateway worker reduced to its counters: reserves and settles, and prints what it settled.

`python counter_process.py '{"path": …, "calls": 100, "kill_at": "changed", "after": 7}'`
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

from penstock.infra.counters import CounterFile
from penstock.infra.counters.lock import CountersBusy
from penstock.kernel.time import SystemClock
from penstock.rules.claims import CapReached, Claim, CounterKind
from penstock.spi.counters import Reservation

END = 2**62


class CounterWorker(msgspec.Struct):
    path: str
    calls: int = 100
    cap: int = 10**9
    end_at: str = ""  # the step at which the process gets a signal
    after: int = 1
    signal: int = signal.SIGKILL
    leave_open: int = 0  # reservations, every second one dispatched
    amount: int = 3
    used: int = 2


def spend(cap: int = 10**9, amount: int = 0) -> Claim:
    return Claim(b"spend***********", CounterKind.WINDOW, amount, cap, 0, END)


def opened(amount: int = 1) -> Claim:
    return Claim(b"open************", CounterKind.OPEN, amount, 10**6)


def reserve(counters: CounterFile, claims: list[Claim]) -> Reservation | CapReached:
    while True:
        try:
            return counters.reserve(claims)
        except CountersBusy:
            continue


def settle(counters: CounterFile, reservation: Reservation, amounts: list[int]) -> None:
    while True:
        try:
            counters.settle(reservation, amounts)
        except CountersBusy:
            continue
        return


def work(config: CounterWorker) -> None:
    left = config.after
    armed = False

    def on_step(step: str) -> None:
        nonlocal left
        if armed and step == config.end_at:
            left -= 1
            if not left:
                os.kill(os.getpid(), config.signal)

    counters = CounterFile.open(Path(config.path), SystemClock(), on_step)
    for number in range(config.leave_open):
        kept = reserve(counters, [spend(config.cap, config.amount), opened()])
        assert isinstance(kept, Reservation)
        if number % 2:
            counters.dispatched(kept)
    armed = True
    os.write(1, b"ready\n")
    for _ in range(config.calls):
        found = reserve(counters, [spend(config.cap, config.amount), opened()])
        if isinstance(found, CapReached):
            break
        counters.dispatched(found)
        os.write(1, b"asked\n")
        settle(counters, found, [config.used, 0])
        os.write(1, b"settled\n")
    counters.close()


if __name__ == "__main__":
    work(msgspec.json.decode(sys.argv[1], type=CounterWorker))
