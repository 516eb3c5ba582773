"""A program for tests: the target of its job names what it does."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

from penstock.plugins.evaluators.libraries.programs.serving import (
    LibraryJob,
    LibraryResult,
    Models,
    NoAnswer,
    serve,
)

QUESTION = [{"role": "user", "content": "Is it good?"}]


def ask(job: LibraryJob, models: Models) -> LibraryResult:
    return LibraryResult(1.0, models.text(QUESTION))


def ask_without_end(job: LibraryJob, models: Models) -> LibraryResult:
    while True:
        models.text(QUESTION)


def swallow_failures(job: LibraryJob, models: Models) -> LibraryResult:
    try:
        return ask(job, models)
    except NoAnswer:
        return LibraryResult(1.0)


def connect(job: LibraryJob, models: Models) -> LibraryResult:
    with socket.create_connection(("127.0.0.1", 9), timeout=5):
        return LibraryResult(1.0)


def end(job: LibraryJob, models: Models) -> LibraryResult:
    os._exit(3)


def hang(job: LibraryJob, models: Models) -> LibraryResult:
    time.sleep(1000)
    return LibraryResult(1.0)


def write(job: LibraryJob, models: Models) -> LibraryResult:
    print("A library prints.")
    return LibraryResult(0.5)


def environment(job: LibraryJob, models: Models) -> LibraryResult:
    return LibraryResult(1.0, f"{' '.join(sorted(os.environ))} in {Path.cwd()}")


def allocate(job: LibraryJob, models: Models) -> LibraryResult:
    return LibraryResult(float(len(bytearray(5 * 1024**3))))


def value(job: LibraryJob, models: Models) -> LibraryResult:
    return LibraryResult(job.parameters["value"])


WAYS: dict[str, Callable[[LibraryJob, Models], LibraryResult]] = {
    each.__name__: each
    for each in (
        *(ask, ask_without_end, swallow_failures, connect, end, hang),
        *(write, environment, allocate, value),
    )
}


if __name__ == "__main__":
    serve("Odd", lambda job, models: WAYS[job.target](job, models))
