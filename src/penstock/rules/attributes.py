"""The attributes of a call, such as team and use case. Each is declared once, here.

The gateway reads them from the key or the header; the store has a column for each; the API filters
and groups by them. A new attribute is a line at the end of `CALL_ATTRIBUTES` with the next
`since` (the next version in `features/traces/schema.py`).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class CallAttribute:
    """One attribute. `name` is its column and its name in the API, `span` its OpenTelemetry
    attribute. `of_key`: a key can set it. `of_header`: so can a header. `grouped`: the overview
    groups by it. `unbounded`: it has many different values. `since`: the schema step that adds the
    column (1: the first schema)."""

    name: str
    span: str
    of_key: bool = True
    grouped: bool = False
    unbounded: bool = False
    since: int = 1
    of_header: bool = True

    @property
    def header(self) -> str:
        """The request header that sets it; empty if none does."""
        if not self.of_header:
            return ""
        return f"x-penstock-{self.name.replace('_', '-')}"

    @property
    def title(self) -> str:
        """Its title in the API's description."""
        return self.name.replace("_", " ").title()

    @property
    def column_type(self) -> str:
        """The type of its column."""
        return "String CODEC(ZSTD(1))" if self.unbounded else "LowCardinality(String)"


CALL_ATTRIBUTES: Final = (
    CallAttribute("team", "penstock.team", grouped=True),
    CallAttribute("user", "user.id", unbounded=True),
    CallAttribute("use_case", "penstock.use_case", grouped=True),
    CallAttribute("environment", "deployment.environment.name"),
    CallAttribute("segment", "penstock.segment"),
    CallAttribute("session", "gen_ai.conversation.id", of_key=False, unbounded=True),
    CallAttribute(
        *("client_token", "penstock.client_token"),
        of_key=False,
        of_header=False,
        unbounded=True,
        since=9,
    ),
    CallAttribute("release", "penstock.release", of_key=False, of_header=False, since=10),
    CallAttribute("arm", "penstock.rollout.arm", of_key=False, of_header=False, since=11),
    CallAttribute("arm_basis", "penstock.rollout.basis", of_key=False, of_header=False, since=12),
    CallAttribute(
        *("prompt_version", "penstock.prompt_version"), of_key=False, of_header=False, since=13
    ),
    CallAttribute("step", "penstock.step", of_key=False, of_header=False, since=14),
    CallAttribute(
        *("batch_id", "penstock.batch.id"),
        of_key=False,
        of_header=False,
        unbounded=True,
        since=17,
    ),
)
KEY_ATTRIBUTES: Final = tuple(each for each in CALL_ATTRIBUTES if each.of_key)
