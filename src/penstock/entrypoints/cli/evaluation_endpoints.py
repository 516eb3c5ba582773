"""The endpoint that `penstock eval run --endpoint` measures."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

EndpointUrl = Annotated[str, typer.Option(help="URL of an application, called by POST.")]
EndpointField = Annotated[
    list[str] | None,
    typer.Option(
        "--field",
        metavar="NAME=PATH",
        help="Member of the request, such as question=input.text (repeatable). [the input]",
    ),
]
EndpointOutput = Annotated[
    str, typer.Option("--output-path", help="Path of the text in the response; '' for all of it.")
]
EndpointModel = Annotated[
    str, typer.Option(help="--endpoint is a base URL of OpenAI's API, with this model.")
]
EndpointHeader = Annotated[
    str, typer.Option("--header", help="Name of a header that is sent with the secret.")
]
EndpointSecret = Annotated[
    str,
    typer.Option("--header-secret", envvar="PENSTOCK_ENDPOINT_SECRET", help="Value of --header."),
]


@dataclass(frozen=True, slots=True)
class EndpointOptions:
    """The options about an endpoint."""

    url: str
    fields: list[str] | None
    output: str
    model: str
    header: str
    secret: str = field(repr=False)

    def body(self) -> dict[str, Any] | None:
        """Returns the endpoint as the REST API takes it. Raises `typer.BadParameter`."""
        if not self.url:
            return None
        return {
            "url": self.url,
            "format": "openai" if self.model else "json",
            "fields": dict(map(_field, self.fields or ())),
            "output": self.output,
            "model": self.model,
            "header": self.header,
            "secret": self.secret if self.header else "",
        }


def _field(text: str) -> tuple[str, str]:
    name, equals, path = text.partition("=")
    if not equals or not name or not path:
        raise typer.BadParameter(f"{text!r} is not valid: write NAME=PATH", param_hint="--field")
    return name, path
