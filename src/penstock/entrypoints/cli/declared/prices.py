"""Own prices in a declared configuration."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from pydantic import BaseModel

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.declared.model import (
    Content,
    Declared,
    Existing,
    ObjectAction,
    ObjectChange,
    Resolve,
    Step,
    differences,
)
from penstock.features.catalog.bodies import PriceRequest, UnitPriceBody
from penstock.features.catalog.own_price import check_price


class PriceKind:
    """Own prices, by provider, model, and the time from which they apply. A declared price without
    a time is the newest one of its provider and model; changed, it applies from then on."""

    key: ClassVar[str] = "prices"
    noun: ClassVar[str] = "price"
    body: ClassVar[type[BaseModel]] = PriceRequest

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._path = f"{project}/prices"

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the price of a request."""
        del resolve  # a price has no secret
        check_price(body.value())
        content = _content(body.model_dump(mode="json"))
        starts_at = body.starts_at
        if starts_at is None:
            content = {name: each for name, each in content.items() if name != "starts_at"}
        return Declared(_name(content), content, body, place)

    def read(self) -> list[Existing]:
        """Returns the own prices of the project, oldest first."""
        found = [_content(view) | {"id": view["id"]} for view in self._api.items(self._path)]
        found.sort(key=lambda each: (each["starts_at"], each["id"]))
        return [
            Existing(_name(each), {k: v for k, v in each.items() if k != "id"}, each)
            for each in found
        ]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the newest price of the same provider and model, or that of the same time."""
        same = ("provider", "model", "starts_at")
        of = {name: declared.content[name] for name in same if name in declared.content}
        for each in reversed(existing):
            if of.items() <= {name: each.content[name] for name in same}.items():
                return each
        return None

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change that sets the price."""
        body = declared.body.model_dump(mode="json", exclude_none=True)
        if existing is None:
            shown = differences({}, _without_defaults(declared.content))
            step = Step("POST", self._path, body)
            return ObjectChange(self.noun, declared.name, ObjectAction.CREATE, shown, (step,))
        found = differences(existing.content, declared.content)
        if not found:
            return ObjectChange(self.noun, declared.name, ObjectAction.NONE)
        step = Step("PUT", f"{self._path}/{existing.view['id']}", body)
        return ObjectChange(self.noun, declared.name, ObjectAction.CHANGE, found, (step,))

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that removes a price."""
        step = Step("DELETE", f"{self._path}/{existing.view['id']}")
        return ObjectChange(self.noun, existing.name, ObjectAction.DELETE, steps=(step,))

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file."""
        content = _without_defaults(existing.content)
        prices = [{"unit": unit, **price} for unit, price in content.pop("prices").items()]
        return {**content, "prices": prices}


def _name(content: Content) -> str:
    starts_at = content.get("starts_at")
    return f"{content['provider']}/{content['model']}" + (f" from {starts_at}" if starts_at else "")


def _content(view: Content) -> dict[str, Any]:
    """The comparable form: prices by unit, amounts and times in one notation."""
    prices = {each["unit"]: _unit(each) for each in view["prices"]}
    starts_at = view["starts_at"] and _moment(view["starts_at"])
    return {
        "provider": view["provider"],
        "model": view["model"],
        "starts_at": starts_at,
        "prices": dict(sorted(prices.items())),
    }


def _unit(price: Content) -> dict[str, Any]:
    tiers = [{"above": tier["above"], "price": _amount(tier["price"])} for tier in price["tiers"]]
    return {"price": _amount(price["price"]), "per": price["per"], "tiers": tiers}


def _amount(text: str) -> str:
    return f"{Decimal(text).normalize():f}"


def _moment(text: str) -> str:
    """RFC 3339 in UTC with milliseconds, which the store keeps."""
    moment = datetime.fromisoformat(text)
    offset = moment.utcoffset()
    plain = (moment - offset if offset else moment).replace(tzinfo=None)
    return f"{plain.isoformat(timespec='milliseconds').removesuffix('.000')}Z"


def _without_defaults(content: Content) -> dict[str, Any]:
    defaults = {name: field.default for name, field in UnitPriceBody.model_fields.items()}
    prices = {
        unit: {k: v for k, v in price.items() if v not in (defaults.get(k), [])}
        for unit, price in content["prices"].items()
    }
    return {**content, "prices": prices}
