"""Builds the parts of the worker and connects them: a kind of job is a line here."""

import asyncio
import os
from collections.abc import Mapping

from penstock.entrypoints.server.evaluated import EvaluatedReleaseStore
from penstock.entrypoints.worker.batch import run_batch
from penstock.entrypoints.worker.config import WorkerConfig
from penstock.entrypoints.worker.evaluators import find_evaluator
from penstock.features.access import Principal
from penstock.features.context import Context
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.evaluations.endpoints import EndpointSecrets
from penstock.features.evaluations.model import JOB_KIND, EvaluatorPrograms
from penstock.features.evaluations.online.model import JOB_KIND as ONLINE_JOB_KIND
from penstock.features.evaluations.online.work import OnlineWork
from penstock.features.evaluations.work.batches import OtherMachines
from penstock.features.evaluations.work.endpoints import EndpointSender, OpenEndpoint
from penstock.features.evaluations.work.run_work import EvaluationWork
from penstock.features.replays.gateway import InternalGateway
from penstock.infra.crypto import derive_key, ensure_secret_file
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.jobs.queue import JobQueue
from penstock.infra.jobs.runner import JobRunner
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.ray_cluster import RayCluster
from penstock.infra.sql import Database, Transaction
from penstock.infra.tls import local_trust
from penstock.kernel.time import SystemClock
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.rules.call_tokens import CALL_PURPOSE, CallToken, sign
from penstock.rules.evaluation.endpoints import Endpoint


class WorkerComposition:
    """The parts of one worker. It never opens the column store, which the server owns."""

    def __init__(self, config: WorkerConfig, database: Database, name: str) -> None:
        home, clock = Home(config.home_path), SystemClock()
        self._egress = Egress(local_trust(config.gateway_certificate))
        self._outside = Egress()
        token = ensure_secret_file(home.gateway_token)
        context = Context(database, _NoAudit(), clock, os.urandom)
        programs = EvaluatorPrograms(
            config.sandbox_command, config.sandbox_timeout_s, config.libraries_python
        )
        find = find_evaluator(programs)
        send = InternalGateway(self._egress, config.gateway_url, token.hex()).send
        self._ray = _RayMachines(config, programs, token) if config.ray_address else None
        evaluation = EvaluationWork(
            database,
            clock,
            DatasetReader(context),
            EvaluatedReleaseStore(context),
            find,
            send,
            OpenAISurface(),
            self._ray.connect if self._ray else None,
            self._endpoints(EndpointSecrets(token)),
        )
        online = OnlineWork(database, clock, find, send)
        queue = JobQueue(database, clock, name)
        work = {JOB_KIND: evaluation, ONLINE_JOB_KIND: online}
        self.runner = JobRunner(queue, work, WorkWanted(home.work_wanted))

    def close(self) -> None:
        """Closes connections to the gateway, and to other machines."""
        self._egress.close()
        self._outside.close()
        if self._ray is not None:
            self._ray.close()

    def _endpoints(self, secrets: EndpointSecrets) -> OpenEndpoint:
        """Returns what calls endpoints: by public trust, unlike the gateway."""

        def opened(project_id: str, endpoint: Endpoint) -> EndpointSender:
            return EndpointSender(self._outside, endpoint, secrets.open(project_id, endpoint))

        return opened


class _RayMachines:
    """Connects with a Ray cluster once a run needs it."""

    def __init__(self, config: WorkerConfig, programs: EvaluatorPrograms, token: bytes) -> None:
        self._cluster = RayCluster(config.ray_address, run_batch)
        self._gateway_url = config.gateway_url
        self._programs = programs
        self._secret = derive_key(token, CALL_PURPOSE)

    async def connect(self) -> OtherMachines:
        """Returns the machines as they are now."""
        places = await asyncio.to_thread(self._cluster.connect)
        return OtherMachines(
            self._cluster.run, places, self._gateway_url, self._token, self._programs
        )

    def _token(self, project_id: str, key_id: str, expires_s: float) -> str:
        return sign(CallToken(project_id, key_id, expires_s), self._secret)

    def close(self) -> None:
        """Leaves the cluster."""
        self._cluster.close()


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
