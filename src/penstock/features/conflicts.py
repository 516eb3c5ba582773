"""Two users who edit one document: a save that is based on another state than the present one is
refused, and the error says who has made that one."""

from collections.abc import Collection
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Connection

from penstock.kernel.digests import content_hash
from penstock.kernel.errors import Conflict

_NEWEST: Final = 2**62  # after each number of the audit log
_SHOWN: Final = 8  # digits of a revision


class AuditedEvent(Protocol):
    """An event of the audit log. `at` is in the format of RFC 3339, in UTC."""

    @property
    def at(self) -> str: ...
    @property
    def actor_label(self) -> str: ...


class AuditedEvents(Protocol):
    """The audit log of projects."""

    def newest(
        self,
        connection: Connection,
        project_id: str,
        subject: str,
        actions: Collection[str],
        before: int,
    ) -> AuditedEvent | None:
        """Returns the newest event of a subject with one of the actions before a number."""
        ...


class EditedDocument(NamedTuple):
    """A document that users edit. `title` names it in a sentence; the audit log has its changes as
    `actions` of the `subject`; `code` is that of its conflicts; `param`: `version` or `revision`,
    which is another one after each change; `taken` says what to do about a new one that exists
    already."""

    project_id: str
    subject: str
    title: str
    actions: tuple[str, ...]
    code: str
    param: str = "revision"
    taken: str = "Choose another name."


def revision_of(document: object | None) -> str:
    """Returns the content hash of a document as it is stored; empty if there is none."""
    return "" if document is None else content_hash(document)


def check_unchanged(
    connection: Connection,
    log: AuditedEvents,
    edited: EditedDocument,
    present: str | int,
    seen: str | int | None,
) -> None:
    """Raises `Conflict` if a user has not seen the present version or revision (0 or empty: there
    is no document). `None` is any."""
    if seen in (None, present):
        return
    event = log.newest(connection, edited.project_id, edited.subject, edited.actions, _NEWEST)
    by = f" by {event.actor_label} at {event.at[:19]}Z" if event else ""
    if not present:
        found = f"{edited.title} does not exist any more: it was removed{by}."
    elif not seen:
        found = f"{edited.title} exists already: it was set{by}."
    else:
        now = f"{edited.param} {str(present)[:_SHOWN]} now, not {str(seen)[:_SHOWN]}"
        found = f"{edited.title} has {now}: it was changed{by}."
    hint = "Load it again, then repeat your change." if seen else edited.taken
    raise Conflict(found, hint=hint, code=edited.code, param=edited.param)
