"""What the catalog needs from other parts, as protocols."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from penstock.rules.models.candidates import Measured
from penstock.spi.chat import ChatProvider


class Kinds(Protocol):
    """The provider plugins, by kind."""

    def get(self, kind: str) -> ChatProvider: ...

    def names(self) -> tuple[str, ...]: ...


class ModelMeasures(Protocol):
    """Figures of the models of a project, from its own calls."""

    def measured(
        self, project_id: str, start_ns: int, end_ns: int, scores: Sequence[str]
    ) -> Mapping[tuple[str, str], Measured]:
        """Returns the figures of the calls in a time range, with those of the named scores, by
        provider and model. Times are Unix nanoseconds."""
        ...
