"""Saves an imported evaluation: a version of a dataset, its prompts, its runs with their scores."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.dataset_draft import commit_items
from penstock.entrypoints.cli.foreign_evaluations.imported import (
    MAX_METRICS,
    ForeignEvaluation,
    ForeignOutput,
    ForeignRun,
)
from penstock.entrypoints.cli.foreign_prompts.saving import PromptImport, planned
from penstock.features.evaluations.model import (
    MAX_ITEM_IDS,
    MAX_OUTPUT_CHARS,
    MAX_OUTPUTS,
    MAX_REPEATS,
)
from penstock.kernel.errors import InvalidRequest, NotFound

_UPLOAD_BYTES: Final = 400_000  # of the outputs of one request, below the server's body limit
_KNOWN_RUNS: Final = 1000  # newest runs of the dataset among which an import looks for its own
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvaluationImport:
    """Saves an evaluation in a dataset. What is there already is unchanged."""

    api: Api
    project: str
    dataset: str
    found: ForeignEvaluation

    def run(self, evaluators: Sequence[Mapping[str, Any]] = ()) -> Iterator[Row]:
        """Saves all; yields a row for each thing. `evaluators` measure the outputs as well."""
        for each in PromptImport(self.api, self.project, self.found.product).run(
            self.found.prompts
        ):
            yield _row("prompt", each.name, each.detail, each.result)
        version, made = self._save_items()
        count = len(self.found.items)
        yield _row("dataset", f"{self.dataset}@{version['version']}", f"{count} items", made)
        known = self._known_runs()
        for each in self.found.runs:
            if each.label in known:
                yield _row("run", known[each.label], each.label, "unchanged")
            else:
                run_id = self._save_run(each, version, evaluators)
                yield _row("run", run_id, f"{each.label}: {_described(each)}", "created")

    def _save_items(self) -> tuple[Mapping[str, Any], str]:
        """Returns the version that has the items, and what became of them."""
        target = f"{self.project}/datasets/{quote(self.dataset, safe='')}"
        is_new = False
        try:
            self.api.get(target)
        except NotFound:
            self.api.call("POST", f"{self.project}/datasets", {"name": self.dataset})
            is_new = True
        draft = {"removes_others": False, "keeps_existing": False}
        message = f"Import from {self.found.product}: {self.found.name}"[:500]
        try:
            done = commit_items(self.api, target, draft, self.found.items, message)
        except BaseException:
            if is_new:
                self.api.fetch("DELETE", target)
            raise
        return done["version"], "created" if is_new else "saved" if done["made"] else "unchanged"

    def _known_runs(self) -> dict[str, str]:
        """Returns the ids of runs of the dataset by their labels, without those that failed."""
        if not self.found.runs:
            return {}
        runs = self.api.items(f"{self.project}/evaluations", _KNOWN_RUNS, dataset=self.dataset)
        return {each["label"]: each["id"] for each in runs if each["state"] in _GOOD}

    def _save_run(
        self,
        run: ForeignRun,
        version: Mapping[str, Any],
        evaluators: Sequence[Mapping[str, Any]],
    ) -> str:
        metrics = list(run.kinds().items())[: MAX_METRICS - len(evaluators)]
        own = {each["kind"] for each in evaluators} | {each.get("name") for each in evaluators}
        recorded = [
            {
                "kind": "recorded",
                "name": f"{name}-recorded" if name in own else name,
                "options": {"score": name, "kind": kind.value},
            }
            for name, kind in metrics
        ]
        ids = list(dict.fromkeys(each.item_id for each in run.outputs))
        if version["item_count"] != len(ids) and len(ids) > MAX_ITEM_IDS:
            raise InvalidRequest(
                f"{self.dataset} has other items, too, and the run has over {MAX_ITEM_IDS:,}.",
                hint="Import it into a dataset of its own: --dataset NAME",
            )
        body = {
            "dataset": self.dataset,
            "version": version["version"],
            "evaluators": [*recorded, *evaluators],
            "item_ids": ids if version["item_count"] != len(ids) else [],
            "repeats": repeats_of(run),
            "label": run.label,
            "key_id": self._key() if evaluators else "",
        }
        path = f"{self.project}/evaluations"
        run_id = self.api.call("POST", path, body)["id"]
        kept = frozenset(name for name, _ in metrics)
        try:
            for batch in _batches(_uploaded(each, kept) for each in run.outputs):
                self.api.call("POST", f"{path}/{run_id}/outputs", {"outputs": batch})
        except BaseException:
            self.api.fetch("POST", f"{path}/{run_id}/cancel")
            raise
        self.api.call("POST", f"{path}/{run_id}/resume", {})
        return run_id

    def _key(self) -> str:
        session = self.api.get("/api/v1/session")
        return str(session["id"]) if session["kind"] == "key" else ""


_GOOD: Final = ("queued", "running", "done", "cap_reached")


def planned_rows(dataset: str, found: ForeignEvaluation) -> Iterator[Row]:
    """Yields what an import would do, without a server."""
    for each in planned(found.prompts):
        yield _row("prompt", each.name, each.detail, each.result)
    yield _row("dataset", dataset, f"{len(found.items)} items", "planned")
    for run in found.runs:
        yield _row("run", "", f"{run.label}: {_described(run)}", "planned")


def repeats_of(run: ForeignRun) -> int:
    """Returns the repeats of a run. Raises `InvalidRequest` for too many."""
    count = 1 + max((each.repeat for each in run.outputs), default=0)
    if count > MAX_REPEATS:
        raise InvalidRequest(f"{run.label} has {count} repeats; at most {MAX_REPEATS} are kept.")
    return count


def _described(run: ForeignRun) -> str:
    kinds = run.kinds()
    named = ", ".join(f"{name} ({kind.value})" for name, kind in list(kinds.items())[:MAX_METRICS])
    return f"{len(run.outputs)} outputs, {named or 'no scores'}"


def _row(kind: str, name: str, content: str, result: str) -> Row:
    return {"kind": kind, "name": name, "content": content, "result": result}


def _uploaded(each: ForeignOutput, kept: frozenset[str]) -> Row:
    """Returns an output as a request has it; one that is too long is an error of it."""
    error = each.error
    if len(each.output) > MAX_OUTPUT_CHARS:
        error = f"The output has more than {MAX_OUTPUT_CHARS:,} characters: it is not imported."
    row: Row = {"item_id": each.item_id, "repeat": each.repeat}
    if error:
        return row | {"error": error}
    scores = {
        name: msgspec.to_builtins({"state": score.state, "value": score.value})
        | {"reason": score.reason}
        for name, score in each.scores.items()
        if name in kept
    }
    return row | {
        "output": each.output,
        "latency_ms": each.latency_ms,
        "cost_usd": each.cost_usd,
        "scores": scores,
    }


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        length = len(msgspec.json.encode(row))
        if batch and (size + length > _UPLOAD_BYTES or len(batch) == MAX_OUTPUTS):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
