"""The queue: one worker per job, whatever ends when."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from penstock.infra.jobs import store
from penstock.infra.jobs.documents import MAX_ATTEMPTS, Job, JobProgress, JobState
from penstock.infra.jobs.queue import LEASE_MS, MAX_OF_PROJECT, JobQueue
from penstock.infra.sql import Database

KIND = "count"


class Hands:
    """A clock whose time is set by hand, in milliseconds."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def now_ns(self) -> int:
        return self.ms * 1_000_000

    def monotonic(self) -> float:
        return self.ms / 1000


def add(database: Database, ids: Iterable[str], project: str = "prj") -> None:
    with database.write() as tx:
        for at, job_id in enumerate(ids):
            store.add_job(tx.connection, Job(job_id, project, KIND, "s", {"n": 1}, due_ms=at))


def job(database: Database, job_id: str = "a") -> Job:
    with database.read() as connection:
        found = store.find_job(connection, job_id)
    assert found is not None
    return found


def queue(database: Database, clock: Hands, name: str = "w1") -> JobQueue:
    return JobQueue(database, clock, name)


def test_each_job_is_claimed_by_one_of_many_workers(database: Database) -> None:
    for at in range(8):
        add(database, [f"j{at}"], f"prj{at}")
    clock = Hands()
    with ThreadPoolExecutor(4) as pool:
        claimed = [
            each
            for each in pool.map(
                lambda at: queue(database, clock, f"w{at}").claim([KIND]), range(12)
            )
            if each is not None
        ]
    assert sorted(each.id for each in claimed) == [f"j{at}" for at in range(8)]


def test_the_longest_due_is_first_and_other_kinds_are_left(database: Database) -> None:
    add(database, ["a", "b"])
    first = queue(database, Hands())
    assert first.claim(["other"]) is None
    found = first.claim([KIND])
    assert found is not None
    assert (found.id, found.arguments, found.attempts) == ("a", {"n": 1}, 1)


def test_a_project_gets_its_share_and_another_the_rest(database: Database) -> None:
    add(database, ["a", "b", "c"])
    add(database, ["z"], "other")
    one = queue(database, Hands())
    found = [one.claim([KIND]) for _ in range(4)]
    assert [each.id for each in found if each] == ["a", "z", "b"]
    assert MAX_OF_PROJECT == 2


def test_a_lease_that_is_not_extended_goes_to_another_worker(database: Database) -> None:
    add(database, ["a"])
    clock = Hands()
    dead, living = queue(database, clock), queue(database, clock, "w2")
    assert dead.claim([KIND])
    clock.ms += LEASE_MS - 1
    assert dead.keep("a", None)
    clock.ms += LEASE_MS
    assert living.claim([KIND]) is None
    clock.ms += 1
    assert living.claim([KIND])
    assert dead.keep("a", JobProgress(9, 9)) is None
    assert not dead.end("a", JobState.DONE)
    assert living.end("a", JobState.DONE)
    assert job(database).state is JobState.DONE


def test_a_successor_of_the_same_name_takes_over_at_once(database: Database) -> None:
    add(database, ["a"])
    clock = Hands()
    assert queue(database, clock).claim([KIND])
    successor = queue(database, clock)
    assert successor.claim([KIND]) is None
    successor.end_own_leases()
    assert successor.claim([KIND])


def test_a_job_without_progress_fails_after_its_last_attempt(database: Database) -> None:
    add(database, ["a"])
    clock = Hands()
    one = queue(database, clock)
    for _ in range(MAX_ATTEMPTS):
        claimed = one.claim([KIND])
        assert claimed is not None
        one.fail(claimed, "no disk")
        assert one.claim([KIND]) is None
        clock.ms += 60_000
    assert (job(database).state, job(database).error) == (JobState.FAILED, "no disk")


def test_a_job_that_ends_its_workers_fails_and_one_with_progress_goes_on(
    database: Database,
) -> None:
    add(database, ["a", "b"])
    clock = Hands()
    one = queue(database, clock)
    for _ in range(3 * MAX_ATTEMPTS):
        one.end_own_leases()
        while (claimed := one.claim([KIND])) is not None:
            if claimed.id == "b":
                assert one.keep("b", JobProgress(1, 2, 0.5))
    assert (job(database).state, "without progress" in job(database).error) == (
        JobState.FAILED,
        True,
    )
    assert job(database, "b").state is JobState.RUNNING
    assert job(database, "b").progress == JobProgress(1, 2, 0.5)


def test_a_cancellation_reaches_the_worker(database: Database) -> None:
    add(database, ["a"])
    one = queue(database, Hands())
    one.claim([KIND])
    with database.write() as tx:
        store.want_cancelled(tx.connection, "a", 5)
    kept = one.keep("a", None)
    assert kept is not None
    assert kept.cancel_wanted


def test_what_is_given_back_is_claimed_at_once(database: Database) -> None:
    add(database, ["a"])
    one = queue(database, Hands())
    one.claim([KIND])
    assert one.give_back("a")
    again = one.claim([KIND])
    assert again is not None
    assert again.attempts == 1
    assert one.has_open()
    one.end("a", JobState.DONE)
    assert not one.has_open()


def test_lists_are_of_one_project_newest_first(database: Database) -> None:
    add(database, ["a", "b", "c"])
    add(database, ["z"], "other")
    with database.read() as connection:
        assert [each.id for each in store.list_jobs(connection, "prj", None, 2)] == ["c", "b"]
        assert [each.id for each in store.list_jobs(connection, "prj", (0, "b"), 2)] == ["a"]
