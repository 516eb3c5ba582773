"""The console's client is generated from the API as it is."""

from pathlib import Path

from penstock.entrypoints.server.openapi import describe_api

_COMMITTED = Path(__file__).parents[2] / "console" / "openapi.json"


def test_the_committed_description_is_the_servers() -> None:
    assert _COMMITTED.read_text() == describe_api(), "Renew it: make api"
