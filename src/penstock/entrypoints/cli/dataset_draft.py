"""Sends many items as one new version: a draft in batches, and its commit."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from penstock.entrypoints.cli.api import Api
from penstock.rules.evaluation.items import DatasetItem

_BATCH_ITEMS: Final = 500  # items of one request
_BATCH_BYTES: Final = 2 * 1024 * 1024  # of items in one request, or one item
_REQUEST_S: Final = 120.0  # a commit of many items takes a while


def commit_items(
    api: Api,
    target: str,
    draft: dict[str, Any],
    items: Iterable[DatasetItem],
    message: str,
) -> Any:
    """Sends items to a draft of the dataset at `target`, and commits it as one version. After an
    error the draft is discarded."""
    path = f"{target}/drafts/{api.call('POST', f'{target}/drafts', draft)['id']}"
    try:
        for batch in _batches(items):
            body = {"items": msgspec.to_builtins(batch)}
            api.call("POST", f"{path}/items", body, timeout_s=_REQUEST_S)
        return api.call("POST", f"{path}/commit", {"message": message}, timeout_s=_REQUEST_S)
    except BaseException:
        api.fetch("DELETE", path)
        raise


def _batches(items: Iterable[DatasetItem]) -> Iterator[list[DatasetItem]]:
    batch, size = list[DatasetItem](), 0
    for item in items:
        own = len(msgspec.json.encode(item))
        if batch and (len(batch) == _BATCH_ITEMS or size + own > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += own
    if batch:
        yield batch
