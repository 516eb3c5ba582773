"""What is known of a model at a provider when models are compared: facts, price, measurements."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from penstock.rules.call import Usage, UsageSource
from penstock.rules.models.facts import KnownFacts, Retirement
from penstock.rules.prices.charge import Rates


class CallTokens(NamedTuple):
    """The tokens of a typical call."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class MeasuredScore:
    """The mean of a score over the answers of a model."""

    mean: float
    count: int


@dataclass(frozen=True, slots=True)
class Measured:
    """Figures of a project's own calls to a model. `calls` are all that ended; `latency_ms` and
    `latency_p95_ms` are of those that succeeded, `cost` is their mean in USD, of the `priced`
    ones."""

    calls: int
    errors: int
    latency_ms: float | None = None
    latency_p95_ms: float | None = None
    cost: Decimal | None = None
    priced: int = 0
    scores: Mapping[str, MeasuredScore] = field(default_factory=dict[str, MeasuredScore])

    @property
    def answered(self) -> int:
        """Returns the number of calls that succeeded."""
        return self.calls - self.errors


NOT_MEASURED: Final = Measured(0, 0)


@dataclass(frozen=True, slots=True)
class ModelCandidate:
    """A model at a provider. `vendor` is the provider's, empty if unknown. `own_server`: an
    instance admin has placed the provider in the operator's own network; `None`: not known."""

    provider: str
    model: str
    vendor: str = ""
    own_server: bool | None = None
    known: KnownFacts | None = None
    rates: Rates | None = None
    retirement: Retirement | None = None
    measured: Measured = NOT_MEASURED

    @property
    def name(self) -> str:
        """Returns the name by which calls ask for it."""
        return f"{self.provider}/{self.model}"


class CostFigure(NamedTuple):
    """The cost of a call in USD, and how it was found; `usd=None`: not known, with the reason."""

    usd: Decimal | None
    basis: str


def cost_of(candidate: ModelCandidate, tokens: CallTokens | None, min_calls: int) -> CostFigure:
    """Returns the cost of a call: by its price for these tokens; without tokens the mean of the
    project's own calls, if there are at least `min_calls`."""
    if tokens is not None:
        return _priced(candidate.rates, tokens)
    measured = candidate.measured
    if measured.cost is None or measured.priced < min_calls:
        known = f"{counted(measured.priced)} with a cost, at least {min_calls} needed"
        return CostFigure(None, f"{known}; say how many tokens a call has, to use the price")
    return CostFigure(measured.cost, f"mean of {counted(measured.priced)}")


def counted(calls: int) -> str:
    """Returns a number of calls for people."""
    return f"{calls:,} call{'' if calls == 1 else 's'}"


def _priced(rates: Rates | None, tokens: CallTokens) -> CostFigure:
    if rates is None:
        return CostFigure(None, "it has no price")
    usage = Usage(tokens.input, tokens.output, source=UsageSource.ESTIMATED)
    charge = rates.charge(usage)
    if charge is None:
        return CostFigure(None, "its price is not one of tokens")
    return CostFigure(charge.cost, f"price of {tokens.input:,} tokens in, {tokens.output:,} out")
