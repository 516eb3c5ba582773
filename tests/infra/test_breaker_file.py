"""The file of breakers: workers see one state; damage, kills and stops cost knowledge only."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.breaker_file import FILE_BYTES, NAME, ROW, ROWS_AT, WAYS, BreakerFile
from penstock.rules.attempts.breaker import FAILURES_IN_A_ROW, Breaker
from penstock.rules.attempts.breaker_state import FIRST_PAUSE_S, PROBE_LEASE_S, BreakerState

KEY = bytes(range(16))
PROGRAM = Path(__file__).with_name("breaker_process.py")

STATES = st.builds(
    BreakerState,
    st.integers(0, 2**32 - 1),
    st.integers(0, 2),
    *[st.floats(0, 1e9, allow_nan=False)] * 6,
)


def fail(breaker: Breaker, now: float) -> None:
    for _ in range(FAILURES_IN_A_ROW):
        breaker.fail(now, None)


@contextmanager
def process(folder: Path, now: float, *mode: str) -> Generator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, str(PROGRAM), str(folder), KEY.hex(), str(now), *mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield child, child.stdout.readline().strip()
        finally:
            child.kill()


@given(st.lists(st.tuples(st.integers(0, 40), STATES), max_size=60))
def test_every_worker_reads_what_the_last_one_wrote(
    changes: list[tuple[int, BreakerState]],
) -> None:
    with TemporaryDirectory() as folder:
        first, second = BreakerFile(Path(folder)), BreakerFile(Path(folder))
        keys = [number.to_bytes(16, "little") for number in range(41)]  # each in a set of its own
        cells = [(first.cell(key), second.cell(key)) for key in keys]
        known: dict[int, BreakerState] = {}
        for at, (number, state) in enumerate(changes):
            assert cells[number][at % 2].change(lambda _, after=state: after)
            known[number] = state
            for one in (*cells[number], second.cell(keys[number])):
                assert one.read() == state
        for number, state in known.items():
            assert cells[number][0].read() == cells[number][1].read() == state
        first.close()
        second.close()


@given(st.lists(st.tuples(st.integers(0, ROW.size - 1), st.integers(1, 255)), min_size=1), STATES)
def test_a_damaged_row_costs_knowledge_only(
    damage: list[tuple[int, int]], state: BreakerState
) -> None:
    with TemporaryDirectory() as folder:
        first, second = BreakerFile(Path(folder)), BreakerFile(Path(folder))
        mine, theirs = first.cell(KEY), second.cell(KEY)
        mine.change(lambda _: state)
        assert theirs.read() == state
        data = bytearray((Path(folder) / NAME).read_bytes())
        at = data.index(KEY, ROWS_AT)
        for offset, flip in damage:
            data[at + offset] ^= flip
        with (Path(folder) / NAME).open("r+b") as file:
            file.seek(at)
            file.write(data[at : at + ROW.size])
        assert mine.read() == theirs.read() == state
        after = state._replace(openings=7, rests_until=state.rests_until + 1)
        assert theirs.change(lambda _: after)
        assert mine.read() == theirs.read() == after
        first.close()
        second.close()


@given(st.binary(max_size=200))
def test_a_file_of_anything_is_replaced(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / NAME).write_bytes(content)
        file = BreakerFile(Path(folder))
        assert (file.problem, (Path(folder) / NAME).stat().st_size) == ("", FILE_BYTES)
        assert file.cell(KEY).read() == BreakerState()
        file.close()


def test_a_full_set_keeps_the_targets_that_are_out(tmp_path: Path) -> None:
    file = BreakerFile(tmp_path)
    keys = [KEY[:4] + number.to_bytes(12, "big") for number in range(3 * WAYS)]
    out = Breaker(file.cell(keys[0]))
    fail(out, 100.0)
    others = [Breaker(file.cell(key)) for key in keys[1:]]
    assert all(one.admits(100.0) for one in others)
    assert not Breaker(file.cell(keys[0])).admits(100.0)


def test_without_a_file_each_worker_is_alone_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "targets"
    folder.write_text("not a folder")
    file = BreakerFile(folder)
    mine, theirs = Breaker(file.cell(KEY)), Breaker(file.cell(KEY))
    fail(mine, 0.0)
    assert str(folder) in file.problem
    assert (mine.admits(0.0), theirs.admits(0.0)) == (False, True)
    folder.unlink()
    file.reopen()
    assert file.problem == ""
    mine.rest(0.0, 50.0)
    assert not theirs.admits(49.0)
    assert not theirs.admits(0.0), "what one knew before is shared with its next change"


def test_a_deleted_file_is_found_again_by_all(tmp_path: Path) -> None:
    files = [BreakerFile(tmp_path), BreakerFile(tmp_path)]
    mine, theirs = (Breaker(file.cell(KEY)) for file in files)
    (tmp_path / NAME).unlink()
    for file in files:
        file.reopen()
    fail(mine, 0.0)
    assert not theirs.admits(0.0)


def test_a_killed_worker_does_not_keep_the_probe(tmp_path: Path) -> None:
    breaker = Breaker(BreakerFile(tmp_path).cell(KEY))
    fail(breaker, 0.0)
    with process(tmp_path, FIRST_PAUSE_S) as (child, said):
        assert said == "taken"
        assert not breaker.admits(FIRST_PAUSE_S)
        child.kill()
    assert not breaker.admits(FIRST_PAUSE_S + PROBE_LEASE_S / 2)
    assert breaker.take_probe(FIRST_PAUSE_S + PROBE_LEASE_S) is not None


def test_a_process_that_was_stopped_with_the_lock_holds_nobody_up(tmp_path: Path) -> None:
    breaker = Breaker(BreakerFile(tmp_path).cell(KEY))
    with process(tmp_path, 0.0, "lock") as (child, said):
        assert said == "locked"
        fail(breaker, 0.0)
        assert not breaker.admits(0.0)
        child.kill()
    other = Breaker(BreakerFile(tmp_path).cell(KEY))
    assert other.admits(0.0)
    breaker.rest(0.0, 0.5)
    assert not other.admits(0.7), "the change that stayed with the worker is shared with its next"
