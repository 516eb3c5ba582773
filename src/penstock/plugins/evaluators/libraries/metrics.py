"""The metrics of a library: what they need, what may be set, and the options of an evaluator."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import Meta

from penstock.rules.document import Document
from penstock.rules.evaluation.metrics import MetricFacts, MetricKind
from penstock.spi.function_evaluator import EvaluatorOptions

MAX_PARAMETER_BYTES: Final = 64 * 1024  # of what is passed to a library


class LibraryMetric(Document, frozen=True):
    """A metric of a library. `target` is its name there, `needs` fields of a sample, `parameters`
    what may be set. `model` and `embeddings` say which models it asks."""

    target: str
    needs: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    model: bool = True
    embeddings: bool = False
    higher_is_better: bool = True
    kind: MetricKind = MetricKind.MEAN

    def facts(self) -> MetricFacts:
        """Returns the facts; numbers are from 0 to 1."""
        least, most = (0.0, 1.0) if self.kind is MetricKind.MEAN else (None, None)
        judged = self.model or self.embeddings
        return MetricFacts(
            self.kind, self.higher_is_better, least, most, needs=self.needs, judged=judged
        )


class LibraryOptions(EvaluatorOptions, frozen=True, kw_only=True):
    """`metric` is one of the library. `model` judges and `embeddings` embeds, where the metric asks
    them: a model, route or use case of the project. `parameters` are passed to the library."""

    metrics: ClassVar[Mapping[str, LibraryMetric]]

    metric: str
    model: Annotated[str, Meta(max_length=200)] = ""
    embeddings: Annotated[str, Meta(max_length=200)] = ""
    parameters: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies it for each

    @property
    def chosen(self) -> LibraryMetric:
        """The metric. The options have no problem."""
        return self.metrics[self.metric]

    def problem(self) -> str:
        """The metric exists, has its models, and knows the parameters."""
        chosen = self.metrics.get(self.metric)
        if chosen is None:
            return f"There is no metric {self.metric!r}: choose {', '.join(sorted(self.metrics))}."
        for name in ("model", "embeddings"):
            if getattr(chosen, name) and not getattr(self, name):
                return f"The metric {self.metric} needs the option `{name}`."
        if unknown := sorted(self.parameters.keys() - set(chosen.parameters)):
            known = ", ".join(chosen.parameters) or "none"
            return f"{self.metric} takes no parameter {', '.join(unknown)}. It takes: {known}."
        if len(msgspec.json.encode(self.parameters)) > MAX_PARAMETER_BYTES:
            return f"The parameters have more than {MAX_PARAMETER_BYTES} bytes."
        return ""
