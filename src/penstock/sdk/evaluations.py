"""Evaluation runs of a Penstock server, for scripts and tests; also of a function in this process.

Unlike scores, these calls wait for the server and raise its errors.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Final
from urllib.parse import quote

import msgspec

from penstock.kernel.errors import PenstockError, UpstreamFailed, UpstreamTimeout
from penstock.sdk.datasets import Datasets
from penstock.sdk.fetch import ProjectApi

_UPLOAD_ROWS: Final = 500  # outputs of one request
_UPLOAD_BYTES: Final = 400_000  # of them together, below the server's body limit
_CALLED_AT_ONCE: Final = 100  # items whose outputs are in memory
_LOOK_EVERY_S: Final = 1.0  # between two looks for the end of a run
_OPEN: Final = frozenset(("queued", "running"))
_LOG: Final = logging.getLogger("penstock.sdk")
Evaluators = Iterable[str | Mapping[str, Any]]


class Evaluations:
    """The evaluation runs of the project of a key, which has the role `editor`. An evaluator is the
    name of its kind, or a mapping with `kind`, and maybe `name` and `options`. Methods raise
    `PenstockError`."""

    def __init__(self, server_url: str, key: str) -> None:
        self._api = ProjectApi(server_url, key)
        self._datasets = Datasets(server_url, key)

    def start(
        self,
        dataset: str,
        evaluators: Evaluators = (),
        *,
        target: Mapping[str, Any] | None = None,
        version: int | None = None,
        **fields: Any,
    ) -> str:
        """Starts a run, and returns its id. `target`: `release`, or `model` with or without
        `prompt`, or `output_field`; without one it waits for outputs. `fields`: `repeats`,
        `split`, `item_ids`, `concurrency`, `cost_cap_usd`, `baseline_run`, `label`, `user`;
        `key_id`, by default the key of this client."""
        chosen = [{"kind": each} if isinstance(each, str) else dict(each) for each in evaluators]
        body: dict[str, Any] = {
            "dataset": dataset,
            "version": version,
            "target": dict(target or {}),
            "evaluators": chosen,
            "key_id": self._api.key_id(),
        }
        return self._call("POST", "", body | fields)["id"]

    def report(self, run_id: str) -> dict[str, Any]:
        """Returns the report of a run: its `run`, `rows` by state, and `metrics` with denominators
        and intervals; without metrics until it ends."""
        return self._call("GET", f"/{quote(run_id, safe='')}/report")

    def wait(self, run_id: str, *, timeout_s: float | None = None) -> dict[str, Any]:
        """Returns the report once a run has ended. Raises `UpstreamTimeout` if it has not in time,
        `PenstockError` if it ended otherwise than `done`; the report can be read in any case."""
        end = None if timeout_s is None else time.monotonic() + timeout_s
        path = f"/{quote(run_id, safe='')}"
        while (run := self._call("GET", path))["state"] in _OPEN:
            if end is not None and time.monotonic() >= end:
                raise UpstreamTimeout(f"The run {run_id} has not ended in {timeout_s:g} s.")
            time.sleep(_LOOK_EVERY_S)
        if run["state"] != "done":
            raise PenstockError(f"The run {run_id} is {run['state']}. {run['error']}".strip())
        return self.report(run_id)

    def evaluate(
        self,
        function: Callable[[Any], str],
        dataset: str,
        evaluators: Evaluators,
        *,
        concurrency: int = 1,
        timeout_s: float | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Calls a function with the input of each item, `concurrency` at once in threads, and
        measures what it returns. Returns the report. `fields` as in `start`; with `repeats` it is
        called as often for each item. `timeout_s`: as in `wait`, once all outputs are there.

        An item for which it raises is logged and has no output: it is `rejected` and counts in the
        denominators. Raises `UpstreamFailed` if it has none at all."""
        run_id = self.start(dataset, evaluators, **fields)
        try:
            run = self._call("GET", f"/{run_id}")
            items = self._chosen(run)
            tasks = ((item, repeat) for item in items for repeat in range(run["repeats"]))
            self._upload(run_id, _outputs(function, tasks, concurrency))
        except BaseException:
            self._call("POST", f"/{run_id}/cancel", {})
            raise
        self._call("POST", f"/{run_id}/resume", {})
        return self.wait(run_id, timeout_s=timeout_s)

    def _chosen(self, run: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """Yields the items of a run."""
        ids, split = frozenset(run["item_ids"]), run["split"]
        for item in self._datasets.items(run["dataset"], run["version"]):
            if (not ids or item["id"] in ids) and (not split or item.get("split") == split):
                yield item

    def _upload(self, run_id: str, outputs: Iterator[dict[str, Any]]) -> None:
        count = 0
        for rows in _requests(outputs):
            self._call("POST", f"/{run_id}/outputs", {"outputs": rows})
            count += len(rows)
        if not count:
            raise UpstreamFailed(
                "The function returned no output.", hint="See the log `penstock.sdk`."
            )

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return self._api.call(method, f"/evaluations{path}", body)


def _outputs(
    function: Callable[[Any], str], tasks: Iterable[tuple[dict[str, Any], int]], concurrency: int
) -> Iterator[dict[str, Any]]:
    """Yields what a function returned, where it returned something."""

    def called(task: tuple[dict[str, Any], int]) -> dict[str, Any] | None:
        item, repeat = task
        began = time.perf_counter()
        try:
            output = function(item["input"])
            latency_ms = (time.perf_counter() - began) * 1000
            return _row(item["id"], repeat, output, latency_ms)
        except Exception:  # noqa: BLE001 - code of the application: the other items go on
            _LOG.warning("The function raised for the item %s", item["id"], exc_info=True)
            return None

    with ThreadPoolExecutor(concurrency, "penstock-evaluate") as pool:
        left = iter(tasks)
        while part := list(islice(left, _CALLED_AT_ONCE)):
            yield from (row for row in pool.map(called, part) if row is not None)


def _row(item_id: str, repeat: int, output: object, latency_ms: float) -> dict[str, Any]:
    """Returns an output as a request has it. Raises `TypeError`, `ValueError`."""
    if not isinstance(output, str):
        raise TypeError(f"the function returned no text, but {type(output).__name__}")
    row = {"item_id": item_id, "repeat": repeat, "output": output, "latency_ms": latency_ms}
    if len(msgspec.json.encode(row)) > _UPLOAD_BYTES:
        raise ValueError(f"the text has more than {_UPLOAD_BYTES:,} bytes")
    return row


def _requests(rows: Iterable[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    """Yields rows in parts of the size of a request."""
    part: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        length = len(msgspec.json.encode(row))
        if part and (len(part) == _UPLOAD_ROWS or size + length > _UPLOAD_BYTES):
            yield part
            part, size = [], 0
        part.append(row)
        size += length
    if part:
        yield part
