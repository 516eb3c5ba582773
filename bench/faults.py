"""The fault table of docs/drill.md, for Penstock and for LiteLLM's proxy, judged alike.

    make -C bench .env-litellm/.done && .venv/bin/python -m bench.faults

For each fault it asks for calls one at a time and 32 at once, and compares what the client gets, by
when, and which providers were asked. What each attempt cost is not measured: LiteLLM records none.
It writes `bench/results/faults.json`, and with `--page` the table of docs/drill.md.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, IncompleteRead
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from bench.contenders import HERE
from bench.fault_contenders import CONTENDERS, Contender, Urls
from tests.drills.fault_providers import (
    FAULTS,
    STREAMED,
    FaultProviders,
    expired_certificate,
    fault_providers,
)
from tests.drills.fault_table import ALONE, EXPECTED, PAGE, Expected, right_attempts

MAX_AT_ONCE: Final = 32
RESULTS: Final = HERE / "results" / "faults.json"
_TIMEOUT_S: Final = 30.0
_UNSEEN: Final = ("certificate-expired", "name-gone")  # whose `a` cannot count its requests
_BEGIN, _END = "<!-- begin: python -m bench.faults --page -->", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Got:
    """What a client got. `whole`: the body ended as its framing requires."""

    status: int
    body: bytes
    whole: bool
    took_s: float


@dataclass
class Tally:
    """The calls of one gateway with one fault, of one size of rounds. `late`: those of `right` that
    took too long."""

    calls: int = 0
    right: int = 0
    late: int = 0
    slowest_s: float = 0.0
    wrong: Counter[str] = field(default_factory=Counter[str])  # calls by what was wrong


Tallies = dict[str, dict[str, dict[int, Tally]]]  # by gateway, fault and calls in a round


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked. `sizes`: calls in a round."""

    faults: Sequence[str]
    sizes: Sequence[int]
    rounds: int


def main(argv: list[str]) -> int:
    """Prints a line for each fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="rounds of each size")
    parser.add_argument("--only", default=",".join(FAULTS), help="faults, separated by commas")
    parser.add_argument("--page", action="store_true", help="write the table of docs/drill.md")
    parser.add_argument("--at-once", default=f"1,{MAX_AT_ONCE}", help="calls in a round")
    options = parser.parse_args(argv)
    sizes = [min(int(size), MAX_AT_ONCE) for size in options.at_once.split(",")]
    plan = Plan(options.only.split(","), sizes, options.rounds)
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder:
        tallies = asyncio.run(_run(Path(folder), plan))
    text = table(tallies)
    print(text)
    RESULTS.write_text(json.dumps(_results(tallies, plan), indent=1) + "\n")
    if options.page:
        write_page(PAGE, text, plan)
    return 0


async def _run(folder: Path, plan: Plan) -> Tallies:
    tallies: Tallies = {}
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    async with _providers(folder) as (providers, url):
        for name, start in CONTENDERS.items():
            with start(folder, url, cores) as contender, ThreadPoolExecutor(MAX_AT_ONCE) as pool:
                drill = _Drill(providers, contender, pool)
                tallies[name] = {
                    fault: {
                        size: await drill.judge(fault, size, plan.rounds) for size in plan.sizes
                    }
                    for fault in plan.faults
                }
    return tallies


@asynccontextmanager
async def _providers(folder: Path) -> AsyncGenerator[tuple[FaultProviders, Urls]]:
    """Runs the providers; gateways that start meanwhile trust the authority of their certificate,
    so that its date alone is wrong."""
    trusted, expired = expired_certificate(folder)
    os.environ["SSL_CERT_FILE"] = str(trusted)
    async with fault_providers() as plain, fault_providers(expired) as secure:
        special = {
            (
                "certificate-expired",
                "a",
            ): f"https://localhost:{secure.port}/certificate-expired/a/v1",
            ("name-gone", "a"): "http://gone.invalid/v1",
        }
        yield plain, lambda fault, name: special.get((fault, name)) or plain.url(fault, name)


@dataclass(frozen=True)
class _Drill:
    providers: FaultProviders
    contender: Contender
    pool: ThreadPoolExecutor

    async def judge(self, fault: str, at_once: int, rounds: int) -> Tally:
        """Sends all rounds of one size with one fault."""
        tally = Tally()
        await self._ask(fault, "warm-up")
        for _ in range(rounds):
            self.providers.begin_round()
            ids = [f"<call {number}>" for number in range(at_once)]
            found = await asyncio.gather(*(self._ask(fault, each) for each in ids))
            for each, got in zip(ids, found, strict=True):
                _count(tally, EXPECTED[fault], got, self._asked(each))
            if fault in ALONE:  # a tenth of the calls may be retries: good ones follow
                for _ in range(10):
                    await self._ask(fault, "good")
        print(f"{fault}, {at_once} at once: {tally}", file=sys.stderr)
        return tally

    def _asked(self, id_: str) -> tuple[str, ...]:
        """Returns which providers have got a call."""
        return tuple(name for text, name in self.providers.asked if id_ in text)

    async def _ask(self, fault: str, id_: str) -> Got:
        text = "hello " * 20 + id_
        body = {
            "model": self.contender.models[fault],
            "stream": fault in STREAMED,
            "messages": [{"role": "user", "content": text}],
        }
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.pool, ask, self.contender, json.dumps(body))


def ask(contender: Contender, body: str) -> Got:
    """Makes one call on a new connection. Status 0: no answer."""
    connection = HTTPConnection("127.0.0.1", contender.port, timeout=_TIMEOUT_S)
    headers = {"authorization": f"Bearer {contender.key}", "content-type": "application/json"}
    began_s, status, read, whole = time.monotonic(), 0, b"", False
    try:
        connection.request("POST", "/v1/chat/completions", body, headers)
        answer = connection.getresponse()
        status = answer.status
        read, whole = answer.read(), True
    except IncompleteRead as error:
        read = error.partial
    except (OSError, HTTPException):
        pass
    finally:
        connection.close()
    return Got(status, read, whole, time.monotonic() - began_s)


def _count(tally: Tally, expected: Expected, got: Got, asked: tuple[str, ...]) -> None:
    tally.calls += 1
    wrong = problem(expected, got, asked)
    if wrong:
        tally.wrong[wrong] += 1
    else:
        tally.right += 1
        tally.late += got.took_s > expected.within_s
    tally.slowest_s = max(tally.slowest_s, round(got.took_s, 2))


def problem(expected: Expected, got: Got, asked: tuple[str, ...]) -> str:
    """Returns what is wrong with a call apart from its time; empty if it is right."""
    ended = _ending(got)
    if got.status != expected.status:
        return f"{got.status or 'no answer'}, not {expected.status}"
    if expected.code and ended == "clean":
        return "the client sees a clean end"
    if not expected.code and expected.status == 200:
        if ended != "clean":
            return f"200, then {ended}"
        if got.body.count(b"t19 ") != 1:
            return "200 without the whole text"
    hidden = {"a"} if expected.fault in _UNSEEN else set[str]()
    right = {
        tuple(name for name, _ in steps if name not in hidden) for steps in right_attempts(expected)
    }
    return "" if asked in right else f"asked {' '.join(asked) or 'nobody'}"


def _ending(got: Got) -> str:
    """Returns how an answer ended; an error in a stream may be an event or a body that is cut."""
    if got.status == 200 and b'"error"' in got.body:
        return "an error event"
    return "clean" if got.whole else "a cut body"


def table(tallies: Tallies) -> str:
    """Returns a row for each fault: right calls of all calls, and what LiteLLM's clients got."""
    ours, other = tallies["penstock"], tallies["litellm"]
    sizes = list(next(iter(ours.values())))
    heads = [f"{name}, {size} at once" for size in sizes for name in ("Penstock", "LiteLLM")]
    lines = [f"| fault | {' | '.join(heads)} | not right with LiteLLM |"]
    lines.append("|---" * (len(heads) + 2) + "|")
    for fault in ours:
        cells = [_right(each[fault][size]) for size in sizes for each in (ours, other)]
        wrong = sum((each.wrong for each in other[fault].values()), Counter[str]())
        lines.append(f"| `{fault}` | {' | '.join(cells)} | {_wrong(wrong)} |")
    return "\n".join(lines)


def _right(tally: Tally) -> str:
    late = f"; {tally.late} late, at most {tally.slowest_s} s" if tally.late else ""
    return f"{tally.right} of {tally.calls}{late}"


def _wrong(wrong: Counter[str]) -> str:
    return "; ".join(f"{count} × {what}" for what, count in wrong.most_common(3))


def _results(tallies: Tallies, plan: Plan) -> dict[str, Any]:
    return {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "rounds": plan.rounds,
        "faults": {
            name: {
                fault: {size: vars(tally) for size, tally in sizes.items()}
                for fault, sizes in each.items()
            }
            for name, each in tallies.items()
        },
    }


def versions() -> dict[str, str]:
    """Returns the versions of the gateways."""
    [found] = (HERE / ".env-litellm").glob("lib/python*/site-packages/litellm-*.dist-info")
    return {
        "penstock": version("penstock"),
        "litellm": found.name.split("-")[1].removesuffix(".dist"),
    }


def write_page(page: Path, text: str, plan: Plan) -> None:
    """Replaces the table between two comments of a page."""
    before, _, rest = page.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    of = versions()
    about = (
        f"{datetime.now(UTC):%d %B %Y}, Penstock {of['penstock']}, LiteLLM {of['litellm']}, "
        f"{plan.rounds} rounds of each size. The load of the machine, which adds to the times, was "
        f"{os.getloadavg()[2]:.0f} on {os.cpu_count()} cores."
    )
    page.write_text(f"{before}{_BEGIN}\n{about}\n\n{text}\n{_END}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
