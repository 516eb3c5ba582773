"""The documents about endpoints that are measured."""

from typing import Annotated

from pydantic import BaseModel, Field

from penstock.features.evaluations.endpoints import NewEndpoint
from penstock.infra.web.schemas import RequestBody
from penstock.rules.evaluation.endpoints import (
    MAX_FIELDS,
    MAX_PATH_CHARS,
    Endpoint,
    EndpointFormat,
)

_Word = Annotated[str, Field(max_length=256)]


class EndpointBody(RequestBody):
    """An HTTP endpoint that answers by POST. `json`: `fields` are members of the request, with the
    paths of their values in the item (`input`, `input.question`, `metadata.language`, `context`,
    `id`); without them, the input is sent if it is an object, else an object with the member
    `input`. `output`: the path of the answer's text in the response (`data.0.text`); empty for all
    of it. `openai`: a base URL of OpenAI's API and a `model`. `header` is sent with the `secret`,
    which is never shown. Redirects are not followed. Private addresses: instance admins only."""

    url: Annotated[str, Field(min_length=1, max_length=2000)]
    format: EndpointFormat = EndpointFormat.JSON
    fields: Annotated[
        dict[_Word, Annotated[str, Field(min_length=1, max_length=MAX_PATH_CHARS)]],
        Field(max_length=MAX_FIELDS, default_factory=dict[str, str]),
    ]
    output: Annotated[str, Field(max_length=MAX_PATH_CHARS)] = "output"
    model: _Word = ""
    header: Annotated[str, Field(max_length=100, pattern=r"^([A-Za-z0-9-]+)?$")] = ""
    secret: Annotated[str, Field(max_length=4000, pattern=r"^[ -~]*$", repr=False)] = ""
    timeout_s: Annotated[float, Field(ge=1, le=300, allow_inf_nan=False)] = 60.0
    private_allowed: bool = False

    def endpoint(self) -> NewEndpoint:
        """Returns the endpoint and its secret."""
        return NewEndpoint(Endpoint(**self.model_dump(exclude={"secret"})), self.secret)


class EndpointView(BaseModel):
    """The endpoint of a run. The secret of its `header` is never shown."""

    url: str
    format: EndpointFormat
    fields: dict[str, str]
    output: str
    model: str
    header: str
    timeout_s: float
    private_allowed: bool

    @classmethod
    def of(cls, found: Endpoint) -> "EndpointView":
        return cls(**{name: getattr(found, name) for name in cls.model_fields})
