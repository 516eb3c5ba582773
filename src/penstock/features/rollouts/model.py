"""Values of rollouts."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from penstock.features.releases.model import StoredRelease
from penstock.features.use_cases.model import StoredUseCase
from penstock.infra.stored_documents import StoredDocument
from penstock.rules.rollouts.documents import Rollout

MAX_MESSAGE_CHARS: Final = 1000  # of the reason of a change

StoredRollout = StoredDocument[Rollout]


class RolloutAction(StrEnum):
    """The kinds of changes."""

    START = "start"
    STOP = "stop"
    UNDO = "undo"
    COMPARE = "compare"  # several releases from now on
    ADVANCE = "advance"  # the next step of a canary
    PROMOTE = "promote"
    ROLL_BACK = "roll_back"
    SHADOW = "shadow"  # another release answers copies of calls, or none any more
    TESTERS = "testers"  # other arms of testers


@dataclass(frozen=True, slots=True)
class RolloutChange:
    """One change of a rollout: the document that it made. `restored` is the version whose content
    an undo brought back; 0 for another change. `protected`: the environment was it then."""

    project_id: str
    rollout: Rollout
    action: RolloutAction
    restored: int
    author: str
    message: str
    changed_ms: int
    protected: bool = False


class FindRelease(Protocol):
    """Finds a release that can answer calls. Raises `NotFound`, `InvalidRequest`."""

    def __call__(self, project_id: str, wanted: str) -> StoredRelease: ...


class FindUseCase(Protocol):
    """Finds a use case. Raises `NotFound`."""

    def __call__(self, project_id: str, name: str) -> StoredUseCase: ...


MAX_SHADOW_USD: Final = 100_000  # of the copies of one rollout in a day
