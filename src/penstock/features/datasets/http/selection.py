"""The filter of calls in requests."""

from typing import Annotated, Any, Final

from pydantic import Field

from penstock.features.datasets.rules import CallSelection, FeedbackChoice
from penstock.infra.web.schemas import RequestBody

MAX_VALUES: Final = 50  # values of a dimension in a filter of calls
Word = Annotated[str, Field(max_length=400)]
_Words = Annotated[list[Word], Field(max_length=MAX_VALUES)]
_Named = Annotated[dict[Word, _Words], Field(max_length=MAX_VALUES)]


class CallSelectionBody(RequestBody):
    """Selects calls as the list of traces does. `only`: allowed values by dimension; `tags`: by
    tag; `text` occurs in input or output. `feedback`: thumbs down and ratings below the middle
    (`low`), or the opposite; then `only` has the dimensions of feedback."""

    only: Annotated[_Named, Field(default_factory=dict[str, list[str]])]
    tags: Annotated[_Named, Field(default_factory=dict[str, list[str]])]
    text: Word = ""
    errors_only: bool = False
    feedback: FeedbackChoice | None = None

    def fields(self) -> dict[str, Any]:
        """Returns the fields of a `CallSelection`."""
        return {
            "only": {name: tuple(values) for name, values in self.only.items()},
            "tags": {name: tuple(values) for name, values in self.tags.items()},
            "text": self.text,
            "errors_only": self.errors_only,
            "feedback": self.feedback,
        }

    @classmethod
    def of(cls, chosen: CallSelection) -> "CallSelectionBody":
        return cls(
            only={name: list(values) for name, values in chosen.only.items()},
            tags={name: list(values) for name, values in chosen.tags.items()},
            text=chosen.text,
            errors_only=chosen.errors_only,
            feedback=chosen.feedback,
        )
