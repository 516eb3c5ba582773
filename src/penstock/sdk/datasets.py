"""Datasets of a Penstock server, for scripts and tests: created, appended to, read.

Unlike scores, these calls wait for the server and raise its errors.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, urlencode

from penstock.sdk.fetch import ProjectApi

_BATCH_ITEMS: Final = 200  # items of one request
_PAGE_ITEMS: Final = 100  # items of one answer


class Datasets:
    """The datasets of the project of a key, which has the role `editor` to write and `viewer` to
    read. An item is a mapping with `input`, and maybe `id`, `expected`, `context`, `metadata`,
    `split`, `group`. Methods raise `PenstockError`."""

    def __init__(self, server_url: str, key: str) -> None:
        self._api = ProjectApi(server_url, key)

    def create(self, name: str, *, description: str = "", personal_data: str = "flag") -> None:
        """Adds a dataset without items. `personal_data`: `flag`, `redact` or `reject`. Raises
        `Conflict` for a name that is taken."""
        body = {"name": name, "description": description, "personal_data": personal_data}
        self._call("POST", "", body)

    def append(
        self,
        name: str,
        items: Iterable[Mapping[str, Any]],
        *,
        parent: int | None = None,
        message: str = "",
    ) -> int:
        """Adds items as one new version, or nothing after an error; an item with the id of a
        present one replaces it. Returns the number of the newest version. With `parent` only if
        that is the newest version now: raises `Conflict` if it is not."""
        drafts = f"/{quote(name, safe='')}/drafts"
        path = f"{drafts}/{self._call('POST', drafts, {'parent': parent})['id']}"
        left = iter(items)
        try:
            while batch := list(islice(left, _BATCH_ITEMS)):
                self._call("POST", f"{path}/items", {"items": batch})
            done = self._call("POST", f"{path}/commit", {"message": message})
        except BaseException:
            self._call("DELETE", path)
            raise
        return done["version"]["version"]

    def items(self, name: str, version: int | None = None) -> Iterator[dict[str, Any]]:
        """Yields the items of a version, by default the newest, in order."""
        path = f"/{quote(name, safe='')}"
        number = version or (self._call("GET", path)["newest"] or {"version": 1})["version"]
        query: dict[str, Any] = {"version": number, "limit": _PAGE_ITEMS}
        while True:
            page = self._call("GET", f"{path}/items?{urlencode(query)}")
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            query["cursor"] = page["next_cursor"]

    def _call(self, method: str, path: str, body: object = None) -> Any:
        return self._api.call(method, f"/datasets{path}", body)
