"""The media of one call that the gateway has fetched, for attempts that need their bytes."""

from dataclasses import dataclass, field

from penstock.kernel.errors import PenstockError
from penstock.rules.neutral.conversation import Conversation
from penstock.rules.neutral.named_media import MediaData, with_data
from penstock.rules.neutral.translation import Change


@dataclass(frozen=True, slots=True)
class FetchedMedia:
    """`data` by URL; `changes` say what was fetched. `failure`: why something could not be, which
    concerns only targets that need the bytes."""

    data: dict[str, MediaData] = field(default_factory=dict[str, MediaData])
    changes: tuple[Change, ...] = ()
    failure: PenstockError | None = None

    @property
    def size(self) -> int:
        """Characters of base64."""
        return sum(len(each.data) for each in self.data.values())

    def put_into(self, conversation: Conversation) -> Conversation:
        """Returns the conversation with the bytes. Raises the failure."""
        if self.failure is not None:
            raise self.failure
        return with_data(conversation, self.data)
