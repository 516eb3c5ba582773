"""Imports facts and prices from a file, so that they are renewed without a release.

A file is either facts of one vendor (TOML, as in `features/catalog/facts`) or public prices (JSON,
as the project `genai-prices` publishes them). It replaces the lists of its vendors completely, or
changes nothing.
"""

from collections.abc import Sequence
from hashlib import sha256

from penstock.features.access import Principal
from penstock.features.catalog import imported_store
from penstock.features.catalog.imported_store import ImportedList, ListKind
from penstock.features.catalog.price_file import read_price_lists
from penstock.features.catalog.public_facts import read_facts
from penstock.features.context import Context
from penstock.kernel.digests import canonical_json
from penstock.kernel.errors import NotFound
from penstock.rules.document import Document


class ImportService:
    """Use cases of imported lists. All belong to the instance."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def list_all(self) -> list[ImportedList]:
        """Returns the imported lists by kind and vendor."""
        with self._context.database.read() as connection:
            return imported_store.list_all(connection)

    def import_file(self, actor: Principal, text: str) -> list[ImportedList]:
        """Replaces the lists of the vendors in a file. Raises `InvalidRequest` with the row that is
        wrong; nothing is changed then."""
        lists = _read(text)
        now_ms = self._context.now_ms()
        imported: list[ImportedList] = []
        with self._context.database.write() as tx:
            for kind, vendor, row_count, document in lists:
                content = canonical_json(document)
                one = ImportedList(kind, vendor, sha256(content).hexdigest(), row_count, now_ms)
                imported_store.save(tx.connection, one, content)
                imported.append(one)
                self._context.audit_log.append(
                    tx,
                    actor,
                    "",
                    "models.import",
                    f"{kind.value}/{vendor}",
                    after={"rows": row_count, "digest": one.digest},
                )
        return imported

    def remove(self, actor: Principal, kind: ListKind, vendor: str) -> None:
        """Removes an imported list, so that the one of the package applies. Raises `NotFound`."""
        with self._context.database.write() as tx:
            if not imported_store.remove(tx.connection, kind, vendor):
                raise NotFound(f"No {kind.value} of {vendor!r} were imported.")
            subject = f"{kind.value}/{vendor}"
            self._context.audit_log.append(tx, actor, "", "models.import.remove", subject)


def _read(text: str) -> Sequence[tuple[ListKind, str, int, Document]]:
    if text.lstrip().startswith("["):
        return [
            (ListKind.PRICES, prices.vendor, len(prices.models), prices)
            for prices in read_price_lists(text)
        ]
    facts = read_facts(text)
    return [(ListKind.FACTS, facts.vendor, len(facts.models), facts)]
