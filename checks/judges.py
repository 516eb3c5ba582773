"""Writes docs/clients-and-providers.md: who judges each surface, each provider, each request.

The content is `tests/judges/judges.toml`, which the tests compare with what the clients send;
versions are those of the lock files.
"""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from penstock.plugins.providers.vendors import VENDORS

_ROOT: Final = Path(__file__).parents[1]
_NODE: Final = "node:"
_INTRO: Final = """\
# Clients and providers

Penstock speaks the formats of others, so others judge it. This page lists the judges: official
clients, with the versions in the lock files, and real servers. What has none is listed, too. What
others build on these clients is on [another page](clients.md).

* **Clients** call the gateway with the simulator behind it, or with a provider that answers
  recorded shapes: one of their own format and, for chat, one of another.
* **Requests**: a client sends a call to a recorder, and our plugin builds the same call from the
  neutral form. Both are compared as JSON: the calls are equal, or the difference is listed below.
* **Answers**: a client reads the simulator of its vendor, which is strict and shares no code with
  the gateway; the gateway then reads the same simulator."""


class JudgedSurface(msgspec.Struct):
    """Routes with their clients: the package, and the test in which it calls them."""

    routes: list[str]
    clients: dict[str, str]
    rest: str = ""


class JudgedVendor(msgspec.Struct):
    """Known vendors, the judged requests, and the clients that judge answers."""

    names: list[str]
    requests: list[str] = []
    answers: dict[str, str] = {}
    recorded: str = ""  # a test with answers of the vendor's documentation, where no client exists
    note: str = ""


class JudgedRequests(msgspec.Struct):
    """The differences from one client. `refused`: field and reason, by call."""

    name: str
    package: str
    spelling: str = ""
    headers: dict[str, str] = {}
    always: dict[str, str] = {}
    refused: dict[str, tuple[str, str]] = {}
    differs: dict[str, dict[str, str]] = {}


class Judges(msgspec.Struct):
    """The file `judges.toml`."""

    surface: list[JudgedSurface]
    vendor: list[JudgedVendor]
    requests: list[JudgedRequests]


def read_judges() -> Judges:
    """Reads the file."""
    text = (_ROOT / "tests" / "judges" / "judges.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Judges)


def client_version(package: str) -> str:
    """The version of a client in the lock files. Raises `KeyError` if it is in none."""
    if package.startswith(_NODE):
        lock = json.loads((_ROOT / "examples" / "package-lock.json").read_text("utf-8"))
        return lock["packages"][f"node_modules/{package.removeprefix(_NODE)}"]["version"]
    locked = (_ROOT / "requirements" / "dev.txt").read_text("utf-8")
    found = re.search(rf"^{re.escape(package)}==(\S+)", locked, re.MULTILINE)
    if found is None:
        raise KeyError(package)
    return found[1]


def judges_page() -> str:
    """The whole page."""
    judges = read_judges()
    return "\n".join(
        [
            _INTRO,
            "\n<!-- Generated from the code by `make docs`: change it there. -->",
            "\n## Surfaces\n\n| routes | clients |\n|---|---|",
            *(_surface(each) for each in judges.surface),
            "\n## Providers\n\n| vendor | format | requests as those of | answers read by |",
            "|---|---|---|---|",
            *_vendors(judges),
            *(line for each in judges.requests for line in _requests(each)),
            "",
        ]
    )


def _client(package: str, test: str) -> str:
    name = package.removeprefix(_NODE)
    kind = " (Node)" if package.startswith(_NODE) else ""
    return f"[`{name}`](../{test}){kind} {client_version(package)}"


def _surface(surface: JudgedSurface) -> str:
    routes = "<br>".join(f"`{route}`" for route in surface.routes)
    clients = [_client(*each) for each in surface.clients.items()]
    return f"| {routes} | {'; '.join([*clients, *filter(None, [surface.rest])])} |"


def _vendors(judges: Judges) -> Iterator[str]:
    packages = {each.name: each.package for each in judges.requests}
    named = {name: vendor for vendor in judges.vendor for name in vendor.names}
    for name, known in VENDORS.items():
        vendor = named.get(name, JudgedVendor([name], note="none of its own: OpenAI's format"))
        requests = [
            f"`{packages[each]}` {client_version(packages[each])}: {each}"
            for each in vendor.requests
        ]
        answers = [_client(*each) for each in vendor.answers.items()]
        if vendor.recorded:
            answers.append(f"[recorded answers](../{vendor.recorded})")
        said = "; ".join([*answers, *filter(None, [vendor.note])])
        yield f"| {known.label} | `{known.kind}` | {'<br>'.join(requests)} | {said} |"


def _requests(judged: JudgedRequests) -> Iterator[str]:
    calls = f"[the calls](../tests/judges/{_file(judged)}) of `{judged.package}`"
    yield f"\n## Requests: {judged.name}\n"
    yield f"Compared are {calls}. {judged.spelling}".rstrip()
    rows = [
        *((f"header `{name}`", reason) for name, reason in judged.headers.items()),
        *((f"`{_place(at)}` in each call", reason) for at, reason in judged.always.items()),
        *((f"call `{call}`: rejected, `{at}`", why) for call, (at, why) in judged.refused.items()),
        *(
            (f"call `{call}`: `{at}`", reason)
            for call, places in judged.differs.items()
            for at, reason in places.items()
        ),
    ]
    if not rows:
        yield "\nAll calls are equal."
        return
    yield "\n| different | because |\n|---|---|"
    yield from (f"| {what} | {reason} |" for what, reason in rows)


def _place(pattern: str) -> str:
    return pattern.replace(r"\d+", "N").replace("\\", "")


def _file(judged: JudgedRequests) -> str:
    """The file of a judge's calls, by the first word of its name; Responses are OpenAI's second."""
    words = judged.name.split()
    return f"{(words[-1] if words[-1] == 'Responses' else words[0]).lower()}_calls.py"
