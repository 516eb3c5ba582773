"""Reads an export of LiteLLM's keys: rows of its table `LiteLLM_VerificationToken`.

As JSON: a list of rows, or the answer of `GET /key/list?return_full_object=true`. As CSV: with a
header, as `psql` writes it with `\\copy … csv header`.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from penstock.kernel.errors import SetupError

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_EVERY_MODEL: Final = frozenset(("all-proxy-models", "all-team-models", "*"))
_WINDOWS: Final = {
    "1s": "second",
    "1m": "minute",
    "60s": "minute",
    "1h": "hour",
    "60m": "hour",
    "24h": "day",
    "1d": "day",
    "daily": "day",
    "7d": "week",
    "1w": "week",
    "weekly": "week",
    "30d": "month",
    "1mo": "month",
    "monthly": "month",
}
_MEASURES: Final = (
    ("rpm_limit", "requests", "minute"),
    ("tpm_limit", "tokens", "minute"),
    ("max_parallel_requests", "concurrency", ""),
)


@dataclass(slots=True)
class ExportedKey:
    """A key to import, and the limits that count its calls."""

    name: str
    body: dict[str, Any]
    limits: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


@dataclass(slots=True)
class ExportedKeys:
    """The keys of an export. `left_out` names what has no counterpart."""

    keys: list[ExportedKey] = field(default_factory=list[ExportedKey])
    left_out: dict[str, str] = field(default_factory=dict[str, str])


def read_keys(content: str) -> ExportedKeys:
    """Reads an export. Raises `SetupError` if it is of another form."""
    found = ExportedKeys()
    for at, row in enumerate(_rows(content)):
        _read(row, f"keys[{at}]", found)
    return found


def _rows(content: str) -> list[Mapping[str, Any]]:
    if not content.lstrip().startswith(("[", "{")):
        return _csv_rows(content)
    try:
        document: object = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SetupError(f"The export of keys is not valid JSON: {error}.") from error
    if isinstance(document, dict):
        document = cast("dict[str, Any]", document).get("keys")
    if not isinstance(document, list):
        raise SetupError("The export of keys must be a list of rows, or have a list `keys`.")
    rows = cast("list[object]", document)
    return [cast("dict[str, Any]", row) if isinstance(row, dict) else {} for row in rows]


def _csv_rows(content: str) -> list[Mapping[str, Any]]:
    try:
        return list(csv.DictReader(io.StringIO(content), strict=True))
    except csv.Error as error:
        raise SetupError(f"The export of keys is not valid CSV: {error}.") from error


def _read(row: Mapping[str, Any], place: str, found: ExportedKeys) -> None:
    token = str(row.get("token") or "")
    name = str(row.get("key_alias") or row.get("key_name") or f"litellm {token[:8]}")[:100]
    if not _HASH.fullmatch(token):
        found.left_out[place] = "it has no `token` of 64 hexadecimal digits"
        return
    if str(row.get("blocked") or "").lower() in ("true", "t", "1"):
        found.left_out[f"{place} {name}"] = "it is blocked"
        return
    models = [each for each in _list(row.get("models")) if each not in _EVERY_MODEL]
    attributes = {"team": row.get("team_id"), "user": row.get("user_id")}
    body: dict[str, Any] = {
        "name": name,
        "sha256": token,
        "prefix": str(row.get("key_name") or "")[:20],
        "allowed_models": models,
        "attributes": {each: str(value)[:200] for each, value in attributes.items() if value},
    }
    if expires := _time(row.get("expires")):
        body["expires_at"] = expires
    key = ExportedKey(name, body)
    _read_limits(row, f"{place} {name}", key, found)
    found.keys.append(key)


def _read_limits(row: Mapping[str, Any], place: str, key: ExportedKey, found: ExportedKeys) -> None:
    wanted = [
        (measure, window, amount)
        for column, measure, window in _MEASURES
        if (amount := _number(row.get(column)))
    ]
    if budget := _number(row.get("max_budget")):
        duration = str(row.get("budget_duration") or "")
        if duration in _WINDOWS:
            wanted.append(("spend", _WINDOWS[duration], budget))
        else:
            found.left_out[f"{place} max_budget"] = (
                f"a budget over {duration or 'all time'} has no counterpart: "
                "add one by the month with `penstock limit add`"
            )
    if _number(row.get("spend")):
        found.left_out[f"{place} spend"] = "new budgets begin with nothing spent"
    for measure, window, amount in wanted:
        limit: dict[str, Any] = {"measure": measure, "amount": f"{amount:f}"}
        if window:
            limit["window"] = window
        key.limits.append(limit | {"name": f"{key.name[:60]}: {measure}"})


def _list(value: object) -> list[str]:
    """A list, or PostgreSQL's `{a,b}`."""
    if isinstance(value, list):
        return [str(each) for each in cast("list[object]", value)]
    text = str(value or "").strip("{}")
    return [each.strip('" ') for each in text.split(",") if each.strip('" ')]


def _number(value: object) -> Decimal:
    """A positive number; 0 for anything else."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)
    return number if number.is_finite() and 0 < number < 10**12 else Decimal(0)


def _time(value: object) -> str:
    """RFC 3339; a time without a zone is UTC, as LiteLLM stores it. Empty if there is none."""
    try:
        moment = datetime.fromisoformat(str(value or ""))
    except ValueError:
        return ""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
