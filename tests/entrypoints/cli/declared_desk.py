"""A command line with a project of its own, for tests of declared configurations."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.applying import apply_plan
from penstock.entrypoints.cli.declared.files import read_files
from penstock.entrypoints.cli.declared.model import ConfigurationPlan, ObjectChange
from penstock.entrypoints.cli.declared.planning import DeclaredKinds, kinds_of, make_plan

CLOSED = "http://127.0.0.1:9/v1"  # a test of this provider fails at once
Document = Mapping[str, Any]


@dataclass
class Desk:
    """A command line with a project of its own, and its files."""

    api: Api
    project: str
    folder: Path

    @property
    def kinds(self) -> DeclaredKinds:
        return kinds_of(self.api, self.project)

    def plan(self, document: Document | str, *, prune: bool = False) -> ConfigurationPlan:
        text = document if isinstance(document, str) else yaml.safe_dump(document)
        file = self.folder / "penstock.yaml"
        file.write_text(text)
        return make_plan(self.kinds, read_files([file], self.kinds), prune=prune)

    def apply(self, document: Document | str, *, prune: bool = False) -> list[str]:
        return self.apply_made(self.plan(document, prune=prune))

    def apply_made(self, plan: ConfigurationPlan) -> list[str]:
        done: list[str] = []
        apply_plan(self.api, plan, done.append, lambda _: None)
        return done

    def releases(self) -> None:
        """Makes the releases that rollouts name, of models of the provider `fixed`."""
        models = {"name": "fixed", "base_url": CLOSED, "private_allowed": True}
        self.apply({"providers": [models | {"models": ["a", "b", "c"]}]})
        for body in ({"model": f"fixed/{each}"} for each in "abc"):
            self.api.call("POST", f"{self.project}/releases", body)
        shadow = {"model": "fixed/c", "parameters": {"temperature": 0.5}}
        self.api.call("POST", f"{self.project}/releases", shadow)

    def secret(self, name: str, value: str) -> str:
        (self.folder / name).write_text(value)
        return f"file:{name}"


def change(plan: ConfigurationPlan) -> ObjectChange:
    (found,) = plan.pending
    return found


def fields(plan: ConfigurationPlan) -> dict[str, tuple[object, object]]:
    return {each.path: (each.before, each.after) for each in change(plan).differences}
