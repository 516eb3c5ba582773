"""Measures the digest of a version of a dataset, which each commit takes, on SQLite:
`python -m bench.dataset_digest`. Prints seconds for each try."""

import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from penstock.features.datasets.store.items import digest_of_version
from penstock.features.datasets.store.tables import ITEMS, METADATA

_ITEMS: Final = 100_000
_BATCH: Final = 5000
_TRIES: Final = 5
_CONTENT: Final = "x" * 400


def main() -> None:
    """Fills a version, then takes its digest several times."""
    with tempfile.TemporaryDirectory() as folder:
        engine = sa.create_engine(f"sqlite:///{folder}/penstock.db")
        METADATA.create_all(engine)
        with engine.begin() as connection:
            for first in range(0, _ITEMS, _BATCH):
                connection.execute(sa.insert(ITEMS), list(_rows(first)))
        with engine.connect() as connection:
            for _ in range(_TRIES):
                started = time.process_time()
                digest_of_version(connection, "ds", 1)
                took = time.process_time() - started
                sys.stdout.write(f"{took:.2f} s of processor time for {_ITEMS:,} items\n")
        engine.dispose()


def _rows(first: int) -> Iterator[dict[str, Any]]:
    for position in range(first, first + _BATCH):
        yield {
            "dataset_id": "ds",
            "position": position,
            "from_version": 1,
            "to_version": None,
            "item_id": f"{position * 2654435761 % 2**32:08x}{position:08x}",  # as hashes: no order
            "digest": "ab" * 32,
            "split": "",
            "byte_count": len(_CONTENT),
            "findings": "",
            "content": _CONTENT,
        }


if __name__ == "__main__":
    main()
