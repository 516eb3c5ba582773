"""The places for calls at once: workers never have more than the limit, whatever ends."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from penstock.infra.slot_file import MAX_SLOTS, NAME, SlotFile
from penstock.rules.priorities import Priority

KEY = bytes(range(16))
HOLDER = """
import sys, time
from pathlib import Path
from penstock.infra.slot_file import SlotFile
from penstock.rules.priorities import Priority
file = SlotFile(Path(sys.argv[1]))
slots = file.slots(bytes.fromhex(sys.argv[2]))
print([slots.take(4) is not None for _ in range(3)], flush=True)
slots.show_waiting(Priority.HIGH, wait=True)
print("waits", flush=True)
time.sleep(600)
"""
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["take", "free"]), st.integers(0, 20)), max_size=80
)


@given(st.integers(1, 6), STEPS)
def test_workers_together_never_have_more_than_the_limit(
    limit: int, steps: Sequence[tuple[int, str, int]]
) -> None:
    with TemporaryDirectory() as folder:
        files = [SlotFile(Path(folder)) for _ in range(3)]
        workers = [each.slots(KEY) for each in files]
        held: list[list[int]] = [[], [], []]
        for at, step, which in steps:
            if step == "take":
                total = sum(map(len, held))
                found = workers[at].take(limit)
                assert (found is not None) is (total < limit)
                if found is not None:
                    assert found not in [one for of in held for one in of]
                    held[at].append(found)
            elif held[at]:
                workers[at].free(held[at].pop(which % len(held[at])))
            assert [each.in_use() for each in workers] == [sum(map(len, held))] * 3
        for each in files:
            each.close()


def test_targets_do_not_share_their_places(tmp_path: Path) -> None:
    file, other = SlotFile(tmp_path), SlotFile(tmp_path)
    assert file.slots(KEY).take(1) is not None
    assert other.slots(bytes(16)).take(1) is not None
    assert other.slots(KEY).take(1) is None


def test_a_lower_limit_admits_nobody_until_calls_have_ended(tmp_path: Path) -> None:
    slots = SlotFile(tmp_path).slots(KEY)
    taken = [slots.take(4) for _ in range(4)]
    assert slots.take(2) is None
    for at in taken[:3]:
        assert at is not None
        slots.free(at)
    assert (slots.in_use(), slots.take(1) is None) == (1, True)


def test_others_see_which_priorities_wait(tmp_path: Path) -> None:
    file, other = SlotFile(tmp_path), SlotFile(tmp_path)
    mine, theirs = file.slots(KEY), other.slots(KEY)
    mine.show_waiting(Priority.NORMAL, wait=True)
    assert [theirs.others_wait(each) for each in range(4)] == [True, True, False, False]
    assert not mine.others_wait(Priority.LOW)
    mine.show_waiting(Priority.NORMAL, wait=False)
    assert not theirs.others_wait(Priority.LOW)
    assert theirs.in_use() == 0


def test_a_killed_worker_leaves_its_places_and_waits_no_more(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path), KEY.hex()]
    slots = SlotFile(tmp_path).slots(KEY)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline().strip() == "[True, True, True]"
            assert child.stdout.readline().strip() == "waits"
            assert (slots.in_use(), slots.others_wait(Priority.HIGH)) == (3, True)
            assert slots.take(4) is not None
            assert slots.take(4) is None
        finally:
            child.kill()
        child.wait()
    assert (slots.in_use(), slots.others_wait(Priority.LOW)) == (1, False)
    assert [slots.take(4) is not None for _ in range(4)] == [True, True, True, False]


def test_without_the_file_a_worker_is_alone(tmp_path: Path) -> None:
    (tmp_path / NAME).mkdir()
    file = SlotFile(tmp_path)
    slots = file.slots(KEY)
    assert NAME in file.problem
    assert [slots.take(2) is not None for _ in range(3)] == [True, True, False]
    assert (slots.in_use(), slots.others_wait(Priority.LOW)) == (2, False)
    slots.show_waiting(Priority.LOW, wait=True)
    slots.free(next(at for at in range(2)))
    assert slots.take(MAX_SLOTS) is not None
