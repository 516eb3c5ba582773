"""`python -m penstock.entrypoints.server.openapi`: the API's description on standard output.

The console's client is generated from it. The stores are opened in an empty home of a moment.
"""

import json
import sys
from tempfile import TemporaryDirectory

from penstock.entrypoints.server.composition import Composition
from penstock.entrypoints.server.config import ServerConfig


def describe_api() -> str:
    """The OpenAPI document of the whole server as JSON, the same for the same routes."""
    with TemporaryDirectory() as home:
        parts = Composition(ServerConfig(home=home, find_providers=False))
        try:
            document = parts.build().openapi()
        finally:
            parts.close()
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(describe_api())
