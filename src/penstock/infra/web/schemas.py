"""Types that request bodies of the REST API share."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^\S(.*\S)?$")]
Label = Annotated[str, Field(max_length=200)]
Revision = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class RequestBody(BaseModel):
    """Base of request bodies: unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid")


class SwitchBody(RequestBody):
    """Switches what works by itself on or off, and changes nothing else."""

    enabled: bool
