"""The batches of the simulator: in progress in the second of their creation, then complete."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw, Struct

from penstock.kernel.errors import Conflict, InvalidRequest, NotFound, PenstockError
from penstock.sim.openai.decoding import decode
from penstock.sim.openai.errors import error_document
from penstock.sim.openai.files import FileStore

_MOST_BATCHES: Final = 200
_DAY_S: Final = 24 * 3600

RunRequest = Callable[[str, bytes, int], bytes]  # path, body, Unix time: the document


class BatchRequest(Struct, forbid_unknown_fields=True):
    """The body of `POST /v1/batches`."""

    input_file_id: str
    endpoint: str
    completion_window: Literal["24h"]
    metadata: dict[str, str] | None = None
    output_expires_after: dict[str, Any] | None = None


class _Line(Struct, forbid_unknown_fields=True):
    custom_id: str
    method: Literal["POST"]
    url: str
    body: Raw


_request: Final = msgspec.json.Decoder(BatchRequest)
_line: Final = msgspec.json.Decoder(_Line)


class BatchStore:
    """Kept batches by id. `run` answers one request."""

    def __init__(self, files: FileStore, run: RunRequest) -> None:
        self._files = files
        self._run = run
        self._batches: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._count = 0

    def create(self, body: bytes, now_s: int) -> dict[str, Any]:
        """Creates a batch. Raises `InvalidRequest` or `NotFound`."""
        request = decode(_request, body, "")
        if self._files.get(request.input_file_id).document["purpose"] != "batch":
            raise InvalidRequest(
                "Invalid input file: its purpose is not batch.", param="input_file_id"
            )
        self._count += 1
        batch: dict[str, Any] = {
            "id": f"batch_{request.input_file_id.removeprefix('file-')}{self._count}",
            "object": "batch",
            "endpoint": request.endpoint,
            "input_file_id": request.input_file_id,
            "completion_window": request.completion_window,
            "status": "in_progress",
            "created_at": now_s,
            "in_progress_at": now_s,
            "expires_at": now_s + _DAY_S,
            "metadata": request.metadata,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }
        self._batches[batch["id"]] = batch
        if len(self._batches) > _MOST_BATCHES:
            self._batches.popitem(last=False)
        return batch

    def get(self, name: str, now_s: int) -> dict[str, Any]:
        """Returns a batch; answers its requests after the second in which it was created. Raises
        `NotFound`."""
        if (batch := self._batches.get(name)) is None:
            raise NotFound(f"No batch found with id '{name}'.", param="batch_id")
        if batch["status"] == "in_progress" and now_s > batch["created_at"]:
            self._complete(batch, now_s)
        return batch

    def cancel(self, name: str, now_s: int) -> dict[str, Any]:
        """Cancels a batch. Raises `NotFound`, and `Conflict` if it is complete."""
        batch = self.get(name, 0)
        if batch["status"] != "in_progress":
            raise Conflict(f"Cannot cancel a batch with status '{batch['status']}'.")
        batch.update(status="cancelled", cancelling_at=now_s, cancelled_at=now_s)
        return batch

    def list(self) -> dict[str, Any]:
        """Returns the list of all batches, the newest first."""
        return {"object": "list", "data": list(reversed(self._batches.values())), "has_more": False}

    def _complete(self, batch: dict[str, Any], now_s: int) -> None:
        lines = self._files.get(batch["input_file_id"]).content.splitlines()
        answers = [self._answer(batch, number, line, now_s) for number, line in enumerate(lines)]
        good = [one for one in answers if one["response"]["status_code"] == 200]
        bad = [one for one in answers if one["response"]["status_code"] != 200]
        for name, rows in (("output_file_id", good), ("error_file_id", bad)):
            if rows:
                content = b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
                kept = self._files.add(f"{batch['id']}.jsonl", content, "batch_output", now_s)
                batch[name] = kept["id"]
        batch["request_counts"] = {
            "total": len(answers),
            "completed": len(good),
            "failed": len(bad),
        }
        batch.update(status="completed", finalizing_at=now_s, completed_at=now_s)

    def _answer(
        self, batch: dict[str, Any], number: int, line: bytes, now_s: int
    ) -> dict[str, Any]:
        custom_id, status = "", 200
        try:
            read = decode(_line, line, "")
            custom_id = read.custom_id
            if read.url != batch["endpoint"]:
                raise InvalidRequest(f"The url is not {batch['endpoint']}.", param="url")
            body = self._run(read.url, bytes(read.body), now_s)
        except PenstockError as error:
            status, body = error.status, error_document(error)
        named = f"{batch['id']}_{number}"
        response = {"status_code": status, "request_id": f"req_{named}", "body": Raw(body)}
        return {
            "id": f"batch_req_{named}",
            "custom_id": custom_id,
            "response": response,
            "error": None,
        }
