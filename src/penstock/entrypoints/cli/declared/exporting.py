"""Writes the configuration of a project as a file that declares it."""

from typing import Any, Final

import yaml

from penstock.entrypoints.cli.declared.planning import DeclaredKinds

_HEAD: Final = """\
# The configuration of a project: `penstock plan -f FILE` compares it, `penstock apply -f FILE`
# applies it. Secrets are not exported: what is stored stays. For another installation, add
# `api_key: env:VARIABLE` or `api_key: file:PATH` to each provider with a key and each credential.
"""


def exported(kinds: DeclaredKinds) -> str:
    """Returns the YAML. Providers that the server has found by itself are left out, and so are
    prices that another one of the same provider, model and time replaces."""
    document: dict[str, list[dict[str, Any]]] = {}
    for kind in kinds:
        by_name = {each.name: each for each in kind.read() if not each.automatic}
        document[kind.key] = [kind.written(each) for each in by_name.values()]
    return _HEAD + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
