"""Many use cases in one snapshot: `python -m bench.use_cases [--use-cases 500]`.

Gives a new installation use cases, each with a canary between two releases that have a prompt of
their own. Prints the size of the snapshot and the memory of the gateway worker before and after;
the time to build the whole snapshot, and the next one after a change, with the worker's code; the
time from a change to the first answer of the new release; and what a use case without a prompt
adds to the latency of a call of its model, and what resolving its prompt adds to that (the target
is 0.1 ms).
"""

import argparse
import json
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from bench.footprint import Installation, add_provider, fast_simulator, read_memory, wait_ready
from bench.process import tree
from bench.workloads import MODEL
from penstock.gateway.snapshot.files import SnapshotFiles, StoredSnapshot
from penstock.gateway.snapshot.snapshot import Snapshot, build
from penstock.infra.crypto import Sealer, derive_key, ensure_secret_file
from penstock.infra.home import Home
from penstock.rules.snapshot.tree import SEALED_PURPOSE, Sealed

_MODEL: Final = f"fast/{MODEL}"
_PROMPTLESS: Final = "promptless"
_PLAN: Final = {
    "steps": [{"percent": 10}],
    "guards": [{"metric": "errors", "margin": 0.05}],
}
_RULES: Final = "You answer questions about an order." + " Be brief." * 40
_QUESTION: Final = [{"role": "user", "content": "Where is my order? " * 10}]
_RENDERED: Final = [{"role": "system", "content": f"{_RULES} Ann has product 0."}]
_PATIENCE_S: Final = 60.0
_ROUNDS: Final = 9
_BLOCKS: Final = 20  # of calls of each kind in turn, so that other work slows both
_BLOCK_CALLS: Final = 50


class UseCases:
    """The use cases of an installation; all run in the environment `dev`."""

    def __init__(self, installation: Installation) -> None:
        self._api = installation.api
        self._base = f"/projects/{self._api.call('GET', '/projects')['items'][0]['id']}"

    def add(self, count: int) -> None:
        """Adds use cases `case0`, `case1`, …, each with a canary of 10 %."""
        for at in range(count):
            self.prepare(f"case{at}", 2 * at)()
            second = self._release(2 * at + 1)
            canary = {"release": second, "seen": 1, "message": "bench", "plan": _PLAN}
            self._post(f"/rollouts/case{at}/dev/canary", canary)

    def prepare(self, name: str, number: int) -> Callable[[], None]:
        """Adds a use case and release `number`; the result lets the release serve it."""
        return self._prepared(name, self._release(number))

    def add_without_prompt(self, name: str) -> None:
        """Adds a use case whose release has a model alone."""
        self._prepared(name, self._made({"model": _MODEL, "message": "bench"}))()

    def _prepared(self, name: str, release: str) -> Callable[[], None]:
        self._post("/use-cases", {"name": name, "owner": "bench", "status": "active"})
        return lambda: self._serve(name, release)

    def _serve(self, name: str, release: str) -> None:
        body = {"release": release, "seen": 0, "message": "bench"}
        self._api.call("PUT", f"{self._base}/rollouts/{name}/dev", body)

    def _release(self, number: int) -> str:
        content = {
            "kind": "chat",
            "variables": {"customer": {"type": "string", "default": "Ann"}},
            "messages": [
                {"role": "system", "content": f"{_RULES} {{{{ customer }}}} has product {number}."},
                {"placeholder": "messages"},
            ],
        }
        made = self._post("/prompts", {"name": f"bench/{number}", "content": content})
        prompt = made["version"]["digest"]
        return self._made({"model": _MODEL, "prompt": prompt, "message": "bench"})

    def _made(self, release: dict[str, str]) -> str:
        return str(self._post("/releases", release)["digest"])

    def _post(self, path: str, body: object) -> Any:
        return self._api.call("POST", self._base + path, body)


def call(connection: HTTPConnection, key: str, model: str) -> int:
    """Makes one call in the environment `dev` and returns its status. Where there is no prompt, the
    call sends the messages that it adds."""
    messages = _RENDERED + _QUESTION if model in (_MODEL, _PROMPTLESS) else _QUESTION
    body = {"model": model, "messages": messages, "max_tokens": 1}
    headers = {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "x-penstock-environment": "dev",
    }
    connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def wait_served(installation: Installation, key: str, name: str) -> None:
    """Returns at the first answer of a use case."""
    deadline = time.monotonic() + _PATIENCE_S
    with installation.connection() as connection:
        while call(connection, key, name) != 200:
            if time.monotonic() > deadline:
                raise SystemExit(f"{name} is not served")


def latencies_ms(installation: Installation, key: str, models: Sequence[str]) -> list[list[float]]:
    """Returns the median latency of each model in each block."""
    with installation.connection() as connection:
        return [
            [
                median(
                    timed(lambda model=model: call(connection, key, model))
                    for _ in range(_BLOCK_CALLS)
                )
                * 1000
                for model in models
            ]
            for _ in range(_BLOCKS)
        ]


def timed(work: Callable[[], object]) -> float:
    """Runs `work` and returns its time in seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def worker_mb(supervisor: int) -> float:
    """Returns the private memory of the gateway worker."""
    members = map(read_memory, tree(supervisor))
    return next(each.anon_mb for each in members if "gateway" in each.process)


def stored(home: Home) -> StoredSnapshot:
    """Reads the snapshot that the gateway keeps on disk."""
    snapshot = SnapshotFiles(home.snapshot).load()
    assert snapshot is not None
    return snapshot


def report_builds(before: StoredSnapshot, after: StoredSnapshot, sealed: Sealed) -> None:
    """Prints the size of a snapshot, and the time and memory of building it and the next one."""
    size = len(after.root) + sum(map(len, after.sections.values()))
    changed = set(after.sections) - set(before.sections)
    changed_size = sum(len(after.sections[hash_]) for hash_ in changed)
    print(f"snapshot: {len(after.sections)} sections, {size / 1000:.0f} kB")
    print(f"a change: {len(changed)} sections, {changed_size / 1000:.0f} kB")

    def built(snapshot: StoredSnapshot, known: Snapshot | None = None) -> Snapshot:
        return build(snapshot.root, snapshot.sections, sealed, known)

    known = built(before)
    whole = median(timed(lambda: built(after)) for _ in range(_ROUNDS))
    part = median(timed(lambda: built(after, known)) for _ in range(_ROUNDS))
    print(f"build the whole: {whole * 1000:.1f} ms; after a change: {part * 1000:.1f} ms")
    tracemalloc.start()
    kept = built(after)
    print(f"objects of {kept.digest[:8]}: {tracemalloc.get_traced_memory()[0] / 1e6:.1f} MB")
    tracemalloc.stop()


def measure(folder: Path, count: int) -> None:
    """Fills an installation and prints its figures."""
    installation, home = Installation(folder / "home"), Home(folder / "home")
    with installation.up() as supervisor, fast_simulator(folder) as port:
        wait_ready(installation)
        add_provider(installation.api, port)
        key, use_cases = installation.api.key, UseCases(installation)
        print(f"gateway worker: {worker_mb(supervisor):.1f} MB before")
        use_cases.add(count)
        wait_served(installation, key, f"case{count - 1}")
        print(f"gateway worker: {worker_mb(supervisor):.1f} MB with {count} use cases")
        before, serve = stored(home), use_cases.prepare("changed", 2 * count)
        serve()
        delay = timed(lambda: wait_served(installation, key, "changed"))
        print(f"first answer {delay * 1000:.0f} ms after the change")
        use_cases.add_without_prompt(_PROMPTLESS)
        wait_served(installation, key, _PROMPTLESS)
        blocks = latencies_ms(installation, key, (_MODEL, _PROMPTLESS, "case0"))
        case = median(without - model for model, without, _ in blocks)
        prompt = median(full - without for _, without, full in blocks)
        print(f"a call: a use case adds {case:.3f} ms, resolving its prompt {prompt:.3f} ms")
        token = ensure_secret_file(home.gateway_token)
        after, sealer = stored(home), Sealer(derive_key(token, SEALED_PURPOSE))
        sealed = msgspec.json.decode(sealer.open(after.sealed), type=Sealed)
        report_builds(before, after, sealed)


def main(argv: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.use_cases", description=__doc__)
    parser.add_argument("--use-cases", type=int, default=500, help="number of use cases (500)")
    options = parser.parse_args(list(argv))
    with tempfile.TemporaryDirectory(prefix="penstock-use-cases-") as folder:
        measure(Path(folder), options.use_cases)


if __name__ == "__main__":
    main(sys.argv[1:])
