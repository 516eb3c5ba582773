"""Anthropic's models: the list for clients, and which of them take which parameters.

Names of later Claude models, and of models of other vendors, count as current ones.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from penstock.rules.models.facts import ListedModel, ModelFacts, Retirement, retirement

_END: Final = r"(?![0-9])"
# https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
_BUDGET_ONLY: Final = re.compile(
    rf"claude-(?:instant|2|3|(?:opus|sonnet|haiku)-4(?:[-.][0-5]{_END}|[-@]20[0-9]{{6}}|$))"
)
_OLDER: Final = re.compile(rf"claude-(?:opus|sonnet|haiku)-4[-.]6{_END}")
_CLAUDE: Final = re.compile(r"claude-")


def needs_budget(model: str) -> bool:
    """True for models that think only with a number of tokens, not adaptively."""
    return _BUDGET_ONLY.search(model) is not None


def takes_sampling(model: str) -> bool:
    """False for models that reject `temperature`, `top_p` and `top_k`."""
    if _CLAUDE.search(model) is None:
        return True
    return needs_budget(model) or _OLDER.search(model) is not None


def render_models(models: Iterable[ListedModel], created_s: int) -> bytes:
    """Renders the list as one page. `created_s` is the time of the call in Unix seconds."""
    data = [_model(model, created_s) for model in models]
    page = {
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
    return msgspec.json.encode(page)


def render_model(model: ListedModel, created_s: int) -> bytes:
    """Renders one model."""
    return msgspec.json.encode(_model(model, created_s))


def _model(model: ListedModel, created_s: int) -> dict[str, Any]:
    now = datetime.fromtimestamp(created_s, UTC)
    facts = model.known.model if model.known is not None else ModelFacts((), ())
    end = retirement(model.known, now.date())
    return {
        "type": "model",
        "id": model.id,
        "display_name": facts.title or model.id,
        "created_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "lifecycle": _lifecycle(end),
        "max_input_tokens": facts.context_tokens,
        "max_tokens": facts.output_tokens,
        "retires_at": f"{end.on.isoformat()}T00:00:00Z" if end is not None else None,
    }


def _lifecycle(end: Retirement | None) -> str:
    if end is None or not end.warns:
        return "active"
    return "deprecated" if end.days > 0 else "retired"
