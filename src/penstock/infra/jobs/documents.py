"""What a job is: its state, its progress, and the limits of both."""

from enum import StrEnum
from typing import Any, Final

from penstock.rules.document import Document

MAX_ARGUMENT_BYTES: Final = 64 * 1024  # of a job; large input has a table of its own
MAX_ERROR_CHARS: Final = 2000  # of the error of a job; more is cut
MAX_ATTEMPTS: Final = 5  # in a row without progress; then the job has failed
FIRST_PAUSE_MS: Final = 1_000  # before the second attempt; doubled each time
LONGEST_PAUSE_MS: Final = 60_000  # between two attempts


class JobState(StrEnum):
    """The states of a job. The first two are open: there is work left."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN: Final = (JobState.QUEUED, JobState.RUNNING)


class JobProgress(Document, frozen=True):
    """The progress of a job. `total` is 0 while it is unknown. `cost_usd`: paid so far."""

    done: int = 0
    total: int = 0
    cost_usd: float = 0.0


class Job(Document, frozen=True):
    """One job of a project. `kind` names what works on it, `subject` what it works on. A running
    job is leased to a worker until `lease_until_ms`; then another one takes it over. `attempts`
    counts those in a row without progress."""

    id: str
    project_id: str
    kind: str
    subject: str
    arguments: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each job
    state: JobState = JobState.QUEUED
    attempts: int = 0
    due_ms: int = 0
    worker: str = ""
    lease_until_ms: int = 0
    cancel_wanted: bool = False
    progress: JobProgress = JobProgress()
    error: str = ""
    created_ms: int = 0
    updated_ms: int = 0


def pause_ms(attempts: int) -> int:
    """Returns the pause after so many attempts without progress: 1, 2, 4 … 60 seconds."""
    return min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** min(max(attempts - 1, 0), 16))
