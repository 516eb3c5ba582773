"""Requests about guardrail policies."""

from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr

from penstock.infra.web.schemas import RequestBody
from penstock.rules.call_conditions import MAX_CONDITIONS, MAX_VALUE_CHARS, MAX_VALUES
from penstock.rules.guards.policies import (
    MAX_ASK_AGAIN,
    MAX_CHECKS,
    MAX_NAME_CHARS,
    MAX_OPTION_CHARS,
    MAX_OPTIONS,
    MAX_TIMEOUT_MS,
    Action,
    Check,
    GuardrailPolicy,
    OnFailure,
    Place,
)

Text = Annotated[StrictStr, Field(max_length=MAX_OPTION_CHARS)]
Option = StrictBool | StrictInt | StrictFloat | Text | list[Text]
OptionName = Annotated[str, Field(max_length=MAX_NAME_CHARS)]
Values = Annotated[
    list[Annotated[str, Field(max_length=MAX_VALUE_CHARS)]],
    Field(min_length=1, max_length=MAX_VALUES),
]


class GuardrailCheckBody(RequestBody):
    """A check: `detector` looks at texts in `places`; its findings are flagged, redacted, or block
    the call. `on_failure` decides about texts that it cannot judge within `timeout_ms`.
    `ask_again`: how often the model is asked for another answer before an answer is blocked."""

    detector: Annotated[str, Field(max_length=MAX_NAME_CHARS)]
    places: Annotated[list[Place], Field(min_length=1, max_length=len(Place))]
    action: Action
    on_failure: OnFailure = OnFailure.CLOSED
    timeout_ms: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_MS)] = 1000
    options: Annotated[
        dict[OptionName, Option], Field(max_length=MAX_OPTIONS, default_factory=dict[str, Option])
    ]
    ask_again: Annotated[int, Field(ge=0, le=MAX_ASK_AGAIN)] = 0

    def check(self) -> Check:
        """Returns the check."""
        return Check(
            detector=self.detector,
            places=tuple(self.places),
            action=self.action,
            on_failure=self.on_failure,
            timeout_ms=self.timeout_ms,
            options={
                name: tuple(value) if isinstance(value, list) else value
                for name, value in self.options.items()
            },
            ask_again=self.ask_again,
        )


class GuardrailBody(RequestBody):
    """A policy. `only`: the values that a call must have, by dimension, as for limits; without any
    the policy is for all calls of the project."""

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
    checks: Annotated[list[GuardrailCheckBody], Field(min_length=1, max_length=MAX_CHECKS)]
    only: Annotated[
        dict[str, Values],
        Field(max_length=MAX_CONDITIONS, default_factory=dict[str, list[str]]),
    ]

    def policy(self, policy_id: str = "") -> GuardrailPolicy:
        """Returns the policy; the service sets its version."""
        return GuardrailPolicy(
            id=policy_id,
            name=self.name,
            checks=tuple(each.check() for each in self.checks),
            only={name: tuple(values) for name, values in self.only.items()},
        )


class GuardrailChangeBody(GuardrailBody):
    """A new version of a policy. With `version`, only if that is the present one."""

    version: Annotated[int, Field(ge=1)] | None = None
