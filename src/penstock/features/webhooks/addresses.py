"""Which addresses webhooks may have."""

from penstock.features.catalog.model import check_base_url
from penstock.kernel.errors import InvalidRequest


def check_url(url: str, *, private_allowed: bool) -> str:
    """Returns the address as it is stored. Raises `InvalidRequest` for one that is not allowed."""
    base, question, query = url.partition("?")
    try:
        checked = check_base_url(base, private_allowed=private_allowed, secret=False)
    except InvalidRequest as error:
        hint = "Give a public address such as https://hooks.example.org/penstock."
        if error.code == "private_address":
            hint = "An instance admin can allow it: penstock webhook add … --private-allowed"
        raise InvalidRequest(error.message, hint=hint, code=error.code, param="url") from None
    if not checked.startswith("https://") and not private_allowed:
        raise InvalidRequest(
            "Others could read what is sent with plain http.", hint="Use https.", param="url"
        )
    if not query.isascii() or not query.isprintable() or " " in query or "#" in query:
        raise InvalidRequest("The query of the address is not valid.", param="url")
    return checked + question + query
