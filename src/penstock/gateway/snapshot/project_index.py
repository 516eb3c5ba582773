"""The models of one project, indexed for requests: which provider serves each, and at what price.

The `model` field is resolved in this order: a use case (by the stage before), a route,
`provider/model`, then a plain id that exactly one provider lists.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from penstock.gateway.credentials import NamedSecret
from penstock.gateway.snapshot.rollouts import USE_CASE_OWNER, ProjectRollouts
from penstock.gateway.snapshot.suggestions import NameIndex
from penstock.kernel.errors import InvalidRequest, NotFound
from penstock.rules.call import Usage
from penstock.rules.guards.plan import GuardrailIndex
from penstock.rules.limits.index import LimitIndex
from penstock.rules.models.facts import FactsIndex, KnownFacts, ListedModel
from penstock.rules.models.patterns import allows
from penstock.rules.prices.charge import Charge, Rates
from penstock.rules.prices.price_book import CalledModel, PriceBook
from penstock.rules.snapshot.providers import ProviderEntry
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget

_LONGEST_NAME: Final = 256
_MAX_SUGGESTED: Final = 20  # providers that an error names
ROUTE_OWNER: Final = "route"  # in model lists, in place of a provider
_NO_CONTEXT: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True)
class ModelMatch:
    """The provider that serves a model, its own id of the model, and its secrets."""

    entry: ProviderEntry
    upstream_model: str
    secrets: tuple[NamedSecret, ...] = field(default=(), repr=False)


class ProjectIndex:
    """The models of one project with their prices and facts."""

    def __init__(
        self,
        project_id: str,
        providers: Sequence[ProviderEntry],
        secrets: Mapping[str, str],
        prices: PriceBook,
        facts: FactsIndex,
        *,
        routes: Sequence[RouteEntry] = (),
        limits: LimitIndex | None = None,
        guardrails: GuardrailIndex | None = None,
        rollouts: ProjectRollouts | None = None,
    ) -> None:
        self.project_id = project_id
        self.limits = limits
        self.guardrails = guardrails
        self.rollouts = rollouts
        self.routes = {route.name: route for route in routes}
        self.routed = {(each.provider, each.model) for route in routes for each in route.targets}
        self._providers = {entry.name: entry for entry in providers}
        self._secrets = secrets
        self._prices = prices
        self._facts = facts
        self._claims: dict[str, list[ProviderEntry]] = {}
        for entry in providers:
            for model in entry.models:
                self._claims.setdefault(model, []).append(entry)
        self._names: NameIndex | None = None

    def member(self, rule: RouteTarget) -> ModelMatch | None:
        """Finds the provider and model of a route's target; `None` if the provider is gone."""
        entry = self._providers.get(rule.provider)
        return None if entry is None else self._match(entry, rule.model)

    def resolve(self, model: str) -> ModelMatch:
        """Finds the provider and model that a caller's `model` names.

        Raises `NotFound` with suggestions, and `InvalidRequest` if several providers list the id.
        """
        if len(model) > _LONGEST_NAME:
            raise InvalidRequest(
                f"The model name has {len(model)} characters; at most {_LONGEST_NAME} are allowed.",
                param="model",
            )
        provider, _, upstream = model.partition("/")
        if upstream and (entry := self._providers.get(provider)) is not None:
            return self._match(entry, upstream)
        claims = self._claims.get(model, ())
        if len(claims) == 1:
            return self._match(claims[0], model)
        if claims:
            raise InvalidRequest(
                f"{len(claims)} providers serve the model {model!r}.",
                hint=f"Send one of {_either(f'{entry.name}/{model}' for entry in claims)}.",
                code="model_ambiguous",
                param="model",
            )
        raise NotFound(
            f"This project has no model {model!r}.",
            hint=self._suggest(model),
            code="model_not_found",
            param="model",
        )

    def provider(self, name: str) -> ModelMatch:
        """Finds a provider by its name, for requests without a model. Raises `NotFound`."""
        entry = self._providers.get(name)
        if entry is None:
            known = ", ".join(sorted(self._providers)[:_MAX_SUGGESTED]) or "none"
            raise NotFound(
                f"This project has no provider {name[:_LONGEST_NAME]!r}.",
                hint=f"Its providers: {known}.",
                code="provider_not_found",
            )
        return self._match(entry, "")

    def provider_names(self) -> tuple[str, ...]:
        """Returns the names of all providers."""
        return tuple(self._providers)

    def models(self, allowed: Sequence[str] = ()) -> tuple[ListedModel, ...]:
        """Returns the use cases, the routes and every listed model that the patterns allow."""
        use_cases = tuple(
            ListedModel(name, USE_CASE_OWNER)
            for name in (self.rollouts.use_cases if self.rollouts else ())
            if not allowed or names_allowed(allowed, name)
        )
        routes = tuple(
            ListedModel(name, ROUTE_OWNER)
            for name, route in sorted(self.routes.items())
            if may_call_route(allowed, route)
        )
        return (
            use_cases
            + routes
            + tuple(
                ListedModel(self._shortest(model, entry), entry.name, self.facts(entry, model))
                for model, claims in sorted(self._claims.items())
                for entry in claims
                if allows(allowed, entry.name, model)
            )
        )

    def facts(self, entry: ProviderEntry, model: str) -> KnownFacts | None:
        """Returns the facts of a provider's model, if they are known."""
        return self._facts.find(entry.vendor, model)

    def charge(
        self,
        called: CalledModel,
        usage: Usage,
        start_ns: int,
        context: Mapping[str, str] = _NO_CONTEXT,
    ) -> Charge | None:
        """Computes the cost of a call; `None`: unpriced. `context` has the other facts that a price
        depends on, such as `{"service_tier": "flex"}` from the answer."""
        return self._prices.charge(called, usage, start_ns, context)

    def rates(self, called: CalledModel, start_ns: int) -> Rates | None:
        """Returns the standard prices of a model; `None`: unpriced."""
        return self._prices.rates(called, start_ns)

    def _match(self, entry: ProviderEntry, model: str) -> ModelMatch:
        secrets = tuple(
            NamedSecret(name, self._secrets[secret_id])
            for name, secret_id in entry.secret_ids()
            if secret_id in self._secrets
        )
        return ModelMatch(entry, model, secrets)

    def _shortest(self, model: str, entry: ProviderEntry) -> str:
        head, slash, _ = model.partition("/")
        hidden = slash and head in self._providers
        plain = len(self._claims[model]) == 1 and not hidden and model not in self.routes
        return model if plain else f"{entry.name}/{model}"

    def _suggest(self, model: str) -> str:
        if not self._providers:
            return "No provider is set up. Add one in the console or with `penstock provider add`."
        if self._names is None:
            self._names = NameIndex(one.id for one in self.models())
        if similar := self._names.suggest(model):
            return f"Did you mean {_either(similar)}? List all with GET /v1/models."
        return "Send `provider/model` or a name from GET /v1/models."


def names_allowed(patterns: Sequence[str], name: str) -> bool:
    """Returns whether the patterns of a key allow the name of a route or a use case."""
    return any("/" not in pattern and fnmatchcase(name, pattern) for pattern in patterns)


def may_call_route(patterns: Sequence[str], route: RouteEntry) -> bool:
    """Returns whether a key with these patterns may call a route: by its name, or because it may
    call each of its targets."""
    return (
        not patterns
        or names_allowed(patterns, route.name)
        or all(allows(patterns, each.provider, each.model) for each in route.targets)
    )


def _either(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)
