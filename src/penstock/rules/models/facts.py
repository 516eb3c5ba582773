"""Facts of models: limits, modalities, abilities, retirement. The section `facts/<vendor>`.

A field that nobody has looked up is unknown (`None` or empty), never guessed. `model_limits`
decides what the facts rule out.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from penstock.rules.document import Document

WARN_DAYS: Final = 30  # before a model retires


class Modality(StrEnum):
    """A kind of input or output of a model."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    EMBEDDING = "embedding"


class FactSource(Document, frozen=True):
    """A page with facts, and the day on which it was read."""

    url: str
    date: date


class ModelFacts(Document, frozen=True):
    """One model. `names` are the ids that the vendor accepts, in lower case. `context_tokens` is
    the whole window, `output_tokens` the most that one answer may have.

    `inputs` and `outputs` are complete lists, empty if unknown. `logprobs`: the vendor's API
    returns the log probabilities of tokens. From `retires_on` on the vendor does not serve the
    model under this id any more.
    """

    names: tuple[str, ...]
    sources: tuple[FactSource, ...]
    title: str = ""
    context_tokens: int | None = None
    output_tokens: int | None = None
    inputs: tuple[Modality, ...] = ()
    outputs: tuple[Modality, ...] = ()
    tools: bool | None = None
    structured_output: bool | None = None
    reasoning: bool | None = None
    open_weights: bool | None = None
    licence: str = ""
    tunable: bool | None = None
    deprecated_on: date | None = None
    retires_on: date | None = None
    replacement: str = ""
    note: str = ""
    logprobs: bool | None = None


class VendorFacts(Document, frozen=True):
    """`facts/<vendor>`: the models of one vendor, and what holds for all calls to its own API.

    `rejects_larger_output`: the API answers an output limit above `output_tokens` with an error.
    """

    vendor: str
    models: tuple[ModelFacts, ...] = ()
    title: str = ""
    regions: tuple[str, ...] = ()
    privacy: str = ""
    rejects_larger_output: bool = False
    sources: tuple[FactSource, ...] = ()


class KnownFacts(NamedTuple):
    """The facts of a model at a provider. `by_vendor`: the provider is the vendor's own API, so
    that its limits hold; otherwise the model only has the same name."""

    model: ModelFacts
    vendor: VendorFacts
    by_vendor: bool


class ListedModel(NamedTuple):
    """A model in the list of a surface. `id` is the shortest one that names it."""

    id: str
    provider: str
    known: KnownFacts | None = None


class FactsList:
    """The facts of one vendor, indexed by name."""

    def __init__(self, facts: VendorFacts) -> None:
        self.facts = facts
        self._by_name = {name: model for model in facts.models for name in model.names}

    def find(self, model: str) -> ModelFacts | None:
        """Returns the facts of a model by its lower-case id."""
        return self._by_name.get(model)


class FactsIndex:
    """Finds the facts of the models that providers serve."""

    def __init__(self, lists: Mapping[str, FactsList]) -> None:
        self._lists = lists

    def find(self, vendor: str, model: str) -> KnownFacts | None:
        """Returns the facts of a provider's model. `vendor` is the provider's, empty if unknown.

        A vendor without facts of its own, such as a reseller or a model server, may serve a model
        that another vendor made: `anthropic/claude-opus-5.5` is found by its last part, with a dash
        for a dot if need be.
        """
        name = model.lower()
        if (own := self._lists.get(vendor)) is not None:
            found = own.find(name)
            return KnownFacts(found, own.facts, by_vendor=True) if found else None
        plain = name.rpartition("/")[2]
        dashed = plain.replace(".", "-")
        for one in self._lists.values():
            if found := one.find(plain) or one.find(dashed):
                return KnownFacts(found, one.facts, by_vendor=False)
        return None


class Retirement(NamedTuple):
    """The end of a model. `days` until then, negative after it."""

    on: date
    days: int
    replacement: str

    @property
    def warns(self) -> bool:
        """Returns whether it has passed or is near."""
        return self.days <= WARN_DAYS

    def sentence(self, model: str) -> str:
        """Returns the warning for people."""
        instead = f" Use {self.replacement}." if self.replacement else ""
        verb = "retired" if self.days < 0 else "retires"
        return f"{model} {verb} on {self.on.isoformat()}.{instead}"


def retirement(known: KnownFacts | None, today: date) -> Retirement | None:
    """Returns when the vendor retires the model, if it has said so and serves the call itself."""
    if known is None or not known.by_vendor or known.model.retires_on is None:
        return None
    on = known.model.retires_on
    return Retirement(on, (on - today).days, known.model.replacement)


class RetirementNotice(NamedTuple):
    """The retirement of a model for the records of calls: the day, and since when it warns in Unix
    nanoseconds."""

    on: str
    since_ns: int

    def at(self, now_ns: int) -> str:
        """Returns the day if the notice applies at this time, else nothing."""
        return self.on if now_ns >= self.since_ns else ""


def retirement_notice(known: KnownFacts | None) -> RetirementNotice | None:
    """Returns the notice of a model that its vendor retires."""
    if known is None or not known.by_vendor or known.model.retires_on is None:
        return None
    on = known.model.retires_on
    since = datetime.combine(on - timedelta(WARN_DAYS), time(), UTC)
    return RetirementNotice(on.isoformat(), int(since.timestamp()) * 1_000_000_000)


def problems(facts: VendorFacts) -> Iterator[str]:
    """Yields what is wrong with facts, a sentence each with its row."""
    seen: dict[str, int] = {}
    for number, model in enumerate(facts.models, 1):
        row = f"row {number} ({model.names[0] if model.names else 'without a name'})"
        for problem in _problems_of(model):
            yield f"{row}: {problem}"
        for name in model.names:
            if name in seen:
                yield f"{row}: {name!r} is also a name of row {seen[name]}."
            seen[name] = number


def _problems_of(model: ModelFacts) -> Iterator[str]:
    if not model.names:
        yield "it needs at least one name."
    for name in model.names:
        if name != name.strip().lower() or not name.isprintable() or not 0 < len(name) <= 200:
            yield f"the name {name!r} must be a model's id in lower case."
    if not model.sources:
        yield "it needs a source with a date."
    for source in model.sources:
        if not source.url.startswith("https://"):
            yield f"the source {source.url!r} must be an https URL."
    for field in ("context_tokens", "output_tokens"):
        value = getattr(model, field)
        if value is not None and value < 1:
            yield f"{field} must be at least 1."
    if model.deprecated_on and model.retires_on and model.retires_on < model.deprecated_on:
        yield "it retires before it is deprecated."
