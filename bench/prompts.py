"""Lists, searches and diffs of prompts: `python -m bench.prompts [--prompts 10000 --versions 50]`.

Fills a new SQLite database through the store, then calls the service as the REST API does. Prints
median and 95th percentile in ms, and the CPU time, which other work on the machine does not change.
The target is 50 ms at the 95th.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection

from bench.figures import percentile
from penstock.features.context import Context
from penstock.features.identity.assembly import Identity
from penstock.features.prompts import store
from penstock.features.prompts.model import StoredPrompt, StoredVersion, VersionHead
from penstock.features.prompts.service.prompts import PromptService
from penstock.infra.sql import Database
from penstock.infra.sql.database import sqlite_url
from penstock.infra.sql.migrate import migrate
from penstock.kernel.digests import canonical_json
from penstock.kernel.time import SystemClock
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable

RARE = "zyzzyva"
USED = 20  # prompts of a project that its gateways need
FOLDERS = 100
BATCH = 100  # prompts of one transaction
SEED = 7
_VOCABULARY = [f"{a}{b}" for a in ("order", "refund", "reply", "brief", "legal") for b in range(99)]


def content(randomness: random.Random, number: int) -> PromptContent:
    """A chat of about 2 kB; each version differs in its words."""
    text = " ".join(randomness.choices(_VOCABULARY, k=250)) + f"\nversion {number}\n{{{{ name }}}}"
    messages = (PromptMessage("system", text), PromptMessage("user", "{{ name }}"))
    return PromptContent("chat", messages=messages, variables={"name": PromptVariable()})


def fill(database: Database, project_id: str, prompts: int, versions: int) -> list[str]:
    """Stores prompts with versions, and returns the ids of the prompts."""
    randomness = random.Random(SEED)
    ids = [f"prm_{at:032x}" for at in range(prompts)]
    for start in range(0, prompts, BATCH):
        with database.write() as tx:
            for at in range(start, min(start + BATCH, prompts)):
                _add(tx.connection, project_id, ids[at], at, versions, randomness)
    return ids


def _add(
    connection: Connection,
    project_id: str,
    prompt_id: str,
    at: int,
    versions: int,
    randomness: random.Random,
) -> None:
    name = f"team{at % FOLDERS}/prompt{at}"
    contents = [content(randomness, number) for number in range(1, versions + 1)]
    latest = contents[-1]
    prompt = StoredPrompt(prompt_id, project_id, name, "chat", versions, latest.digest(), 0, 0)
    searched = f"{name}\n{latest.messages[0].content}".lower()
    store.add_prompt(connection, prompt, searched)
    for number, each in enumerate(contents, 1):
        head = VersionHead(prompt_id, number, each.digest(), "", "bench", "", 0)
        store.add_version(connection, project_id, StoredVersion(head, each))
    store.set_label(connection, prompt_id, "production", versions)


def measured(name: str, rounds: int, run: Callable[[int], object]) -> None:
    """Prints median and 95th percentile of `rounds` calls, then of their CPU time."""
    spans_ns: list[int] = []
    cpu_ns: list[int] = []
    for at in range(rounds):
        begun, cpu = time.perf_counter_ns(), time.thread_time_ns()
        run(at)
        cpu_ns.append(time.thread_time_ns() - cpu)
        spans_ns.append(time.perf_counter_ns() - begun)
    figures = [
        percentile(values, share) / 1e6 for values in (spans_ns, cpu_ns) for share in (50, 95)
    ]
    print(f"{name:28}" + "".join(f"{each:9.2f}" for each in figures))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.prompts", description=__doc__)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--versions", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=100)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "penstock.db"))
        migrate(database)
        clock = SystemClock()
        identity = Identity(
            Path(folder),
            database,
            bytes(32),
            clock=clock,
            random_bytes=os.urandom,
            changed=lambda: None,
        )
        identity.bootstrap.ensure()
        project = identity.access_sections()[0].project_id
        ids = fill(database, project, wanted.prompts, wanted.versions)
        prompts = PromptService(Context(database, identity.audit_log, clock, os.urandom))
        print(f"{wanted.prompts} prompts of {wanted.versions} versions")
        print(f"{'ms':28}{'median':>9}{'p95':>9}{'cpu':>9}{'cpu p95':>9}")
        run_all(prompts, project, ids, wanted.versions, wanted.rounds)
        used = [prompts.version(project, each, "latest").content for each in ids[:USED]]
        size = sum(len(canonical_json(each)) for each in used)
        print(f"{USED} versions, as documents of a snapshot: {size / 1000:.1f} kB")
        database.close()


def run_all(
    prompts: PromptService, project: str, ids: list[str], versions: int, rounds: int
) -> None:
    """Measures each query of the page."""

    def listed(after: str = "", query: str = "", folder: str = "", label: str = "") -> object:
        return prompts.list_page(project, after, 101, query=query, folder=folder, label=label)

    measured("list, first page", rounds, lambda _: listed())
    measured("list, any page", rounds, lambda at: listed(after=f"team{at}/"))
    measured("list, a folder", rounds, lambda at: listed(folder=f"team{at}"))
    measured("list, a label", rounds, lambda at: listed(after=f"team{at}/", label="production"))
    measured("search, common word", rounds, lambda _: listed(query="order1"))
    measured("search, nothing found", rounds, lambda _: listed(query=RARE))
    measured("search, two words", rounds, lambda at: listed(query=f"order{at % 99} legal7"))
    measured("versions", rounds, lambda at: prompts.list_versions(project, ids[at], None, 101))
    measured("diff of two versions", rounds, lambda at: prompts.diff(project, ids[at], "1", "2"))
    measured(
        "diff, far apart",
        rounds,
        lambda at: prompts.diff(project, ids[at], "1", str(versions)),
    )
    measured("resolve", rounds, lambda at: prompts.resolve(project, f"team{at}/prompt{at}", ""))


if __name__ == "__main__":
    main()
