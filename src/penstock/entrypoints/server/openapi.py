"""`python -m penstock.entrypoints.server.openapi`: prints the OpenAPI document.

The console's client types are generated from it. The stores are opened in a temporary home.
"""

import json
import sys
from tempfile import TemporaryDirectory

from penstock.entrypoints.server.composition import ServerComposition
from penstock.entrypoints.server.config import ServerConfig


def describe_api() -> str:
    """Returns the OpenAPI document of the server as JSON; the same routes give the same text."""
    with TemporaryDirectory() as home:
        parts = ServerComposition(ServerConfig(home=home, find_providers=False))
        try:
            document = parts.build().openapi()
        finally:
            parts.close()
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(describe_api())
