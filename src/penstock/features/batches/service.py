"""Notes batches when the calls that made them are stored, and lists them."""

from collections.abc import Iterable

from penstock.features.batches import store
from penstock.features.batches.model import FollowedBatch, batch_of
from penstock.features.context import Context
from penstock.kernel.errors import NotFound
from penstock.rules.call import CallEnd
from penstock.rules.provider_ids import IdKind, IdSigner


class BatchService:
    """The batches of all projects. `id_secret` authenticates the ids that gateways give out."""

    def __init__(self, context: Context, id_secret: bytes) -> None:
        self._context = context
        self._id_secret = id_secret

    def note(self, ends: Iterable[CallEnd]) -> None:
        """Notes the batches that recorded calls have made; those that are known stay as they are.
        Raises if they cannot be stored: then the calls must arrive again."""
        now_ms = self._context.now_ms()
        made = [batch for end in ends if (batch := batch_of(end, now_ms)) is not None]
        if made:
            with self._context.database.write() as tx:
                for batch in made:
                    store.add_batch(tx.connection, batch)

    def list(
        self, project_id: str, after: tuple[int, str] | None, limit: int
    ) -> list[FollowedBatch]:
        """Returns batches of a project, newest first."""
        with self._context.database.read() as connection:
            return store.list_batches(connection, project_id, after, limit)

    def get(self, project_id: str, batch_id: str) -> FollowedBatch:
        """Returns a batch. Raises `NotFound`."""
        with self._context.database.read() as connection:
            found = store.find_batch(connection, project_id, batch_id)
        if found is None:
            raise NotFound(
                f"This project has no batch {batch_id!r}.",
                hint="`penstock batch list` lists them.",
            )
        return found

    def caller_id(self, batch: FollowedBatch) -> str:
        """Returns the id of a batch that its caller has, for `/v1/batches/{id}`; empty for one that
        is too long to be given out."""
        origin = batch.origin
        signer = IdSigner(
            *(batch.project_id, self._id_secret, origin.provider, origin.credential),
        )
        return signer.sign(IdKind.BATCH, origin.plain_id, origin.model) or ""
