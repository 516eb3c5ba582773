"""What an installation has of datasets, evaluation runs, gates and webhooks."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from tests.server.running import SOURCES, Caller, Server

_ITEM = {"id": "a", "input": "x", "expected": "x", "metadata": {"output": "x"}}


class Planted:
    """Adds these things to a project, and knows their ids."""

    def __init__(self, server: Server, project_id: str) -> None:
        self._server = server
        self._base = f"/api/v1/projects/{project_id}"

    def measured(self) -> dict[str, list[str]]:
        """Two runs that have ended, one that waits for outputs, and a gate."""
        self.renewed()
        plan = {"dataset": "one", "evaluators": [{"kind": "equals"}]}
        recorded = plan | {"target": {"output_field": "output"}}
        ended = [self._made("/evaluations", recorded)["id"] for _ in range(2)]
        self._work()
        waiting = self._made("/evaluations", plan)["id"]
        gate = self._made("/gates", {"candidate": ended[0], "baseline": ended[1]})["id"]
        runs = [*ended, waiting]
        return {
            "run_id": runs,
            "candidate": runs,
            "baseline": runs,
            "gate_id": [gate],
            "dataset": ["one"],
        }

    def renewed(self) -> dict[str, list[str]]:
        """A dataset with an item, a rule and a draft, an online evaluation, and a webhook, in
        place of what was removed."""
        self._call("POST", "/datasets", {"name": "one"})
        self._call("POST", "/datasets/one/changes", {"put": [_ITEM]})
        self._call("PUT", "/datasets/one/rule", {"share": 1})
        self._call("PUT", "/online-evaluations/one", {"evaluators": [{"kind": "length"}]})
        found = {"draft_id": self._call("POST", "/datasets/one/drafts", {"parent": None}).get("id")}
        hooks = self._call("GET", "/webhooks")["items"]
        if not hooks:
            body = {"url": "http://127.0.0.1:9/hook", "private_allowed": True}
            hooks = [self._made("/webhooks", body)["webhook"]]
        found["webhook_id"] = hooks[0]["id"]
        return {name: [value] for name, value in found.items() if value}

    def _work(self) -> None:
        """Runs a worker until there is no more work."""
        config = {"home": str(self._server.home), "idle_s": 0.1}
        subprocess.run(
            [sys.executable, "-m", "penstock.entrypoints.worker", json.dumps(config)],
            env={**os.environ, "PYTHONPATH": str(SOURCES)},
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )

    def _made(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        made = self._server.call("POST", self._base + path, self._server.root, body)
        assert made.status == 201, made.body
        return made.json()

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What is there already answers an error, which is fine."""
        root: Caller = self._server.root
        return self._server.call(method, self._base + path, root, body).json()
