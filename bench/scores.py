"""Pages of the list of scores: `python -m bench.scores [--scores 1000000]`.

Fills a new embedded store in one insert, then reads pages as the REST API does: the first one, some
in the middle and one at the end, with and without filters. Prints median and 95th percentile in ms,
and the CPU time, which other work on the machine changes less; the target is 100 ms at the 95th.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from bench.figures import percentile
from bench.store import opened_store, settle
from penstock.features.feedback.model import ScoreFilter, ScorePosition
from penstock.features.feedback.store import schema
from penstock.features.feedback.store.scores import ScoreStore
from penstock.features.traces.model import TimeRange
from penstock.infra.columns import ColumnStore

PROJECT: Final = "prj_bench"
DAY_NS: Final = 86_400 * 10**9
DAYS: Final = 30  # over which the scores are spread
BEGIN_NS: Final = 1_790_000_000 * 10**9
PAGE: Final = 100
TARGET_MS: Final = 100
FILTERS: Final = {
    "all": ScoreFilter(),
    "name": ScoreFilter(only={"name": ("helpful",)}),
    "source": ScoreFilter(only={"source": ("user",)}),
    "rare release": ScoreFilter(only={"release": (f"{7:064x}",)}),
    "name, source, release": ScoreFilter(
        only={"name": ("helpful",), "source": ("user",), "release": (f"{1:064x}",)}
    ),
    "nothing": ScoreFilter(only={"name": ("no-such-score",)}),
    "text": ScoreFilter(text="comment 77777"),
}
# Ids are digests, which say nothing about the time.
_FILL: Final = """
INSERT INTO scores (project_id, id, version, kind, name, source, author, state, type, number,
    comment, trace_id, span_id, session, scored_ns, stored_ns, link, model, use_case, environment,
    release)
SELECT '{project}',
    lower(hex(sipHash128(n, 4))), at, 'score',
    ['helpful', 'correct', 'polite', 'thumbs', 'toxic'][1 + sipHash64(n, 1) % 5],
    ['evaluator', 'code', 'user'][1 + sipHash64(n, 2) % 3],
    concat('author-', toString(n % 40)), 'scored', 'numeric', (sipHash64(n, 3) % 1000) / 1000,
    if(n % 4 = 0, concat('comment ', toString(n), repeat(' of some length', 10)), ''),
    lower(hex(sipHash128(n))), '', '', at, at, 'found', 'gpt-4o', 'support', 'production',
    lower(leftPad(hex(if(n % 1000 = 0, 7, n % 5)), 64, '0'))
FROM (SELECT number AS n, toInt64({begin} + number * {step} + sipHash64(number) % {step}) AS at
    FROM numbers({count}))
"""


def fill(columns: ColumnStore, count: int) -> None:
    """Stores scores over `DAYS`."""
    step = DAYS * DAY_NS // count
    columns.command(_FILL.format(project=PROJECT, begin=BEGIN_NS, step=step, count=count))
    columns.command("INSERT INTO scores_by_time SELECT * FROM scores")
    settle(columns)


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.scores", description=__doc__)
    parser.add_argument("--scores", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=40)
    wanted = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as home,
        opened_store(Path(home), ((schema.FAMILY, schema.STEPS),)) as (_, columns),
    ):
        fill(columns, wanted.scores)
        scores = ScoreStore(columns)
        missed = [name for name, each in FILTERS.items() if not _fast(scores, name, each, wanted)]
    print(f"targets missed: {', '.join(missed) or 'none'}")
    return 1 if missed else 0


def _fast(scores: ScoreStore, name: str, wanted: ScoreFilter, options: argparse.Namespace) -> bool:
    """Measures pages at random positions; prints the figures."""
    random = Random(7)
    everything = TimeRange(BEGIN_NS, BEGIN_NS + (DAYS + 1) * DAY_NS)
    week = TimeRange(BEGIN_NS + (DAYS - 7) * DAY_NS, everything.end_ns)
    worst = 0
    for label, within in (("month", everything), ("week", week)):
        positions = [_position(random, within, index) for index in range(options.rounds)]
        used = time.process_time_ns()
        taken = [
            _us(partial(scores.newest, PROJECT, within, wanted, at, PAGE + 1)) for at in positions
        ]
        cpu = (time.process_time_ns() - used) / 1e6 / options.rounds
        p50, p95 = percentile(taken, 50) / 1000, percentile(taken, 95) / 1000
        worst = max(worst, p95)
        figures = f"p50 {p50:7.1f}  p95 {p95:7.1f}  CPU {cpu:7.1f} ms"
        print(f"{name:24} {label:6} {figures}", flush=True)
    return worst <= TARGET_MS


def _position(random: Random, within: TimeRange, index: int) -> ScorePosition | None:
    """The first page, the last one, and others anywhere."""
    if index % 4 == 0:
        return None
    length = within.end_ns - within.start_ns
    share = 0.001 if index % 4 == 1 else random.random()
    return ScorePosition(within.start_ns + int(length * share), "")


def _us(read: Callable[[], object]) -> int:
    """Returns the microseconds of one read."""
    begun = time.perf_counter_ns()
    read()
    return (time.perf_counter_ns() - begun) // 1000


if __name__ == "__main__":
    raise SystemExit(main())
