"""Builds the parts of the worker and connects them: a kind of job is a line here."""

import os
from collections.abc import Mapping
from functools import cache

from penstock.entrypoints.server.evaluated import EvaluatedReleaseStore
from penstock.entrypoints.worker.config import WorkerConfig
from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.evaluations.assembly import EVALUATORS
from penstock.features.evaluations.model import JOB_KIND, FindEvaluator
from penstock.features.evaluations.online.model import JOB_KIND as ONLINE_JOB_KIND
from penstock.features.evaluations.online.work import OnlineWork
from penstock.features.evaluations.work.run_work import EvaluationWork
from penstock.features.replays.gateway import InternalGateway
from penstock.infra.crypto import ensure_secret_file
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.jobs.queue import JobQueue
from penstock.infra.jobs.runner import JobRunner
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.registry import Registry
from penstock.infra.sandbox import SandboxCommand
from penstock.infra.sql import Database, Transaction
from penstock.infra.tls import local_trust
from penstock.kernel.time import SystemClock
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.spi.evaluator import Evaluator
from penstock.spi.libraries import LibraryUser
from penstock.spi.sandbox import SandboxedEvaluator


class WorkerComposition:
    """The parts of one worker. It never opens the column store, which the server owns."""

    def __init__(self, config: WorkerConfig, database: Database, name: str) -> None:
        home, clock = Home(config.home_path), SystemClock()
        self._egress = Egress(local_trust(config.gateway_certificate))
        token = ensure_secret_file(home.gateway_token).hex()
        context = Context(database, _NoAudit(), clock, os.urandom)
        find = _find_evaluator(config)
        send = InternalGateway(self._egress, config.gateway_url, token).send
        evaluation = EvaluationWork(
            database,
            clock,
            DatasetReader(context),
            EvaluatedReleaseStore(context),
            find,
            send,
            OpenAISurface(),
        )
        online = OnlineWork(database, clock, find, send)
        queue = JobQueue(database, clock, name)
        work = {JOB_KIND: evaluation, ONLINE_JOB_KIND: online}
        self.runner = JobRunner(queue, work, WorkWanted(home.work_wanted))

    def close(self) -> None:
        """Closes connections to the gateway."""
        self._egress.close()


def _find_evaluator(config: WorkerConfig) -> FindEvaluator:
    """Returns what finds evaluators; those that run code get the operator's sandbox, those that use
    a library the Python that has it."""
    evaluators: Registry[Evaluator] = Registry(EVALUATORS)
    command, python = config.sandbox_command, config.libraries_python
    sandbox = SandboxCommand(command, config.sandbox_timeout_s) if command else None

    @cache
    def find(kind: str) -> Evaluator:
        found = evaluators.get(kind)
        if sandbox is not None and isinstance(found, SandboxedEvaluator):
            return found.within(sandbox)
        if python and isinstance(found, LibraryUser):
            return found.with_python(python)
        return found

    return find


class _NoAudit:
    """The worker does nothing that is audited: whoever starts a job is, by the server."""

    def append(
        self,
        tx: Transaction,
        actor: Principal,
        project_id: str,
        action: str,
        subject: str,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
    ) -> object:
        del tx, actor, project_id, action, subject, before, after
        raise AssertionError("The worker writes no audit events.")
