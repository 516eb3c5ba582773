"""Puts the parts of one worker together. Nothing here is started; `process` does that."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from penstock.entrypoints.gateway.config import GatewayConfig
from penstock.entrypoints.gateway.extensions import Extensions
from penstock.entrypoints.gateway.text_formats import TEXT_FORMATS
from penstock.gateway.auth_failures import AuthFailures
from penstock.gateway.cancellations import Cancellations
from penstock.gateway.credentials import CredentialPools
from penstock.gateway.dry_run import DryRun
from penstock.gateway.health_checks import HealthChecks
from penstock.gateway.http.app import build_app
from penstock.gateway.http.health import GatewayHealth
from penstock.gateway.http.internal import InternalAnswer, InternalEndpoint
from penstock.gateway.http.readiness import GatewayReadiness
from penstock.gateway.http.routes import Routes
from penstock.gateway.http.sent_calls import SentCalls
from penstock.gateway.ids import Ids
from penstock.gateway.inflight import InFlight
from penstock.gateway.metrics.counts import Metrics
from penstock.gateway.metrics.page import MetricsPages
from penstock.gateway.pipeline import Pipeline
from penstock.gateway.rebuild import Rebuild
from penstock.gateway.shadows import Shadows, ShadowStages
from penstock.gateway.snapshot.client import SnapshotClient
from penstock.gateway.snapshot.files import SnapshotFiles
from penstock.gateway.snapshot.holder import SnapshotHolder
from penstock.gateway.stages.attempts import Attempts
from penstock.gateway.stages.authenticate import Authenticate
from penstock.gateway.stages.dispatch import Dispatch
from penstock.gateway.stages.fetch_media import FetchMedia
from penstock.gateway.stages.find_kept import FindKept
from penstock.gateway.stages.follow_ids import FollowIds
from penstock.gateway.stages.guard import GuardRequest
from penstock.gateway.stages.hedge import Hedge
from penstock.gateway.stages.look_up import LookUp
from penstock.gateway.stages.read_upload import ReadUpload
from penstock.gateway.stages.record import Recorder
from penstock.gateway.stages.relay_raw import RelayRaw
from penstock.gateway.stages.relay_stream import RelayStream
from penstock.gateway.stages.relay_unary import RelayUnary
from penstock.gateway.stages.release import ApplyRelease
from penstock.gateway.stages.reserve import ReserveLimits
from penstock.gateway.stages.resolve import Resolve
from penstock.gateway.stages.select_targets import SelectTargets
from penstock.gateway.target_health import TargetHealths
from penstock.gateway.target_slots import SlotSource
from penstock.gateway.targets import TargetSource
from penstock.gateway.uploads import UPLOADS_AT_ONCE, UploadSpace
from penstock.infra.answers import AnswerFiles
from penstock.infra.breaker_file import BreakerFile
from penstock.infra.counters import FileReader, LocalCounters, path_in
from penstock.infra.crypto import Sealer, derive_key, ensure_secret_file
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.http_server import HttpStats
from penstock.infra.metrics_access import open_metrics
from penstock.infra.redis import RedisAnswers, RedisView, open_answers, open_counters
from penstock.infra.registry import Registry
from penstock.infra.slot_file import SlotFile
from penstock.infra.spool import Spool
from penstock.infra.spool.ship_http import http_send
from penstock.infra.tls import ServedCertificate, local_trust
from penstock.kernel.errors import SetupError
from penstock.kernel.ids import uuid7
from penstock.kernel.time import SystemClock
from penstock.rules.call_tokens import CALL_PURPOSE
from penstock.rules.explanation import DRY_RUN_PATH, MAX_DRY_RUN_BYTES, DryRunRequest
from penstock.rules.replay import (
    MAX_REBUILD_BYTES,
    REBUILD_PATH,
    SENT_CALL_PATH,
    RebuildRequest,
)
from penstock.rules.snapshot.tree import SEALED_PURPOSE
from penstock.spi.chat import ChatProvider
from penstock.spi.counters import RunningCounters
from penstock.spi.guard import Detector
from penstock.spi.strategy import RouteStrategy

# Names that are looked up at once for media: callers choose them, and each has a thread.
_MEDIA_LOOKUPS: Final = 64


class GatewayComposition:
    """The parts of one worker."""

    def __init__(self, config: GatewayConfig, extensions: Extensions) -> None:
        self.config = config
        self.retired = False
        self.home = Home(Path(config.home))
        self.token = _read_token(self.home.gateway_token)
        self.clock, self.ids = SystemClock(), Ids()
        self.egress = Egress()
        self.media_egress = Egress(max_idle=0, max_lookups=_MEDIA_LOOKUPS)
        trust = local_trust(config.server_certificate)
        self.control = Egress(trust) if trust else self.egress  # to the server
        self.certificate = ServedCertificate(config.tls, time.time) if config.tls else None
        self.send = http_send(self.control, config.server_url, self.token.hex())
        self.holder = SnapshotHolder()
        self.snapshots = self._snapshot_client()
        self.spool = self._spool(extensions.on_step)
        self.inflight = InFlight(config.limits)
        self.failures = AuthFailures(config.failures, self.clock.monotonic())
        self.credentials = CredentialPools(self.clock, self.egress)
        self.breakers = BreakerFile(self.home.targets)
        self.healths = TargetHealths(self.breakers)
        self.slot_file = SlotFile(self.home.targets)
        self.slots = SlotSource(self.slot_file, self.clock, random.Random())  # noqa: S311 - no secret
        self.targets, self.checks = self._targets()
        self.metrics = Metrics()
        self.counters = self._counters()
        self.counter_reader = self._counter_reader()
        self.reserve = ReserveLimits(self.counters, self.clock)
        self.answers = self._answers()
        self.http = HttpStats()
        self.pages = MetricsPages(self.home.run, config.worker)
        self.cancellations = Cancellations(self.egress)
        pipeline = self._pipeline()
        self.shadows = pipeline.shadows
        self.health = self._health()
        routes = Routes(extensions.surfaces)
        internal = self._internal(routes, pipeline)
        self.app = build_app(routes, pipeline, self.health, internal, self.ids)

    async def drain(self) -> None:
        """Ends shadow calls at once, and lets calls finish, and what ends given-up work."""
        self.inflight.closing = True
        await self.shadows.stop()
        await self.inflight.drain()
        await self.cancellations.stop()

    def retire(self) -> None:
        """Leaves the metrics to the worker that has taken over."""
        self.retired = True
        self.pages.remove()

    def close(self) -> None:
        """Closes files and connections to providers, and removes the metrics page."""
        self.counters.close()
        self.counter_reader.close()
        self.breakers.close()
        self.slot_file.close()
        self.spool.close()
        self.egress.close()
        self.media_egress.close()
        self.control.close()
        self.pages.remove()

    def _snapshot_client(self) -> SnapshotClient:
        """Loads the last good snapshot from disk, if there is one."""
        client = SnapshotClient(
            self.control,
            self.holder,
            SnapshotFiles(self.home.snapshot),
            server_url=self.config.server_url,
            token=self.token.hex(),
            sealer=Sealer(derive_key(self.token, SEALED_PURPOSE)),
            jitter=random.random,
        )
        client.load()
        return client

    def _spool(self, on_step: Callable[[str], None]) -> Spool:
        return Spool.open(
            self.home.spool,
            uuid7(self.clock.now_ns(), os.urandom(10)).hex,
            clock=self.clock,
            jitter=random.random,
            limits=self.config.spool,
            on_step=on_step,
        )

    def _targets(self) -> tuple[TargetSource, HealthChecks]:
        providers: Registry[ChatProvider] = Registry("penstock.providers")
        providers.get("openai-compatible")  # loaded now, so that the first call does not wait
        targets = TargetSource(providers.get, self.credentials, self.healths, self.slots)
        draws = random.Random()  # noqa: S311 - no secret
        return targets, HealthChecks(self.holder, targets, self.egress, self.clock, draws)

    def _answers(self) -> AnswerFiles | RedisAnswers:
        redis = self.config.redis
        if redis.url and redis.cache_bytes:
            return open_answers(redis.url, redis.cache_bytes)
        return AnswerFiles(self.home.cache, self.config.cache_max_bytes)

    def _counters(self) -> RunningCounters:
        redis, folder = self.config.redis, self.home.counters
        if redis.url:
            return open_counters(redis.url, folder, self.clock, redis.allowance)
        return LocalCounters(path_in(folder), self.clock)

    def _health(self) -> GatewayHealth:
        readiness = GatewayReadiness(
            self.holder,
            self.spool.stats,
            self.inflight,
            self.failures,
            credentials=self.credentials,
            healths=self.healths,
            checks=self.checks,
            slots=self.slots,
            shadows=self.shadows,
            monotonic=time.monotonic,
            counters=self.counters,
            limits=self.reserve,
        )
        tls = self.certificate
        return GatewayHealth(
            self.metrics,
            readiness.problems,
            lambda: [*readiness.notices(), *(tls.notices() if tls else ())],
            lambda: {
                **readiness.gauges(),
                **self.http.gauges(),
                **(tls.gauges() if tls else {}),
            },
            self.pages,
            self.config.worker,
            open_metrics(self.home.path, self.token, open_to_all=self.config.metrics_open),
        )

    def _pipeline(self) -> Pipeline:
        limits, clock = self.config.limits, self.clock
        detectors: Registry[Detector] = Registry("penstock.guards")
        strategies: Registry[RouteStrategy] = Registry("penstock.strategies")
        draws = random.Random()  # noqa: S311 - no secret
        dispatch = Dispatch(self.egress, self.cancellations, clock, self.ids)
        guard = GuardRequest(detectors.get, TEXT_FORMATS, time.perf_counter_ns, self.inflight)
        recorder = Recorder(self.spool, clock, limits)
        attempts = Attempts(
            dispatch,
            RelayUnary(limits, self.inflight, clock),
            RelayStream(limits, self.inflight, clock),
            RelayRaw(limits, self.inflight, clock),
            Hedge(dispatch, clock),
            FetchMedia(self.media_egress, self.inflight, clock, limits),
            self.inflight,
            clock,
        )
        release = ApplyRelease(self.inflight, time.perf_counter_ns)
        resolve = Resolve(self.targets, strategies.get, draws)
        stages = ShadowStages(release, resolve, self.reserve, guard, attempts, recorder)
        return Pipeline(
            snapshots=self.holder,
            authenticate=Authenticate(),
            failures=self.failures,
            inflight=self.inflight,
            read_upload=ReadUpload(self._upload_space(), limits),
            release=release,
            resolve=resolve,
            find_kept=FindKept(self.targets),
            select_targets=SelectTargets(self.inflight),
            follow_ids=FollowIds(self.targets),
            reserve=self.reserve,
            guard=guard,
            look_up=LookUp(self.answers, limits, self.inflight, clock),
            attempts=attempts,
            recorder=recorder,
            shadows=Shadows(stages, self.inflight, self.ids, clock, draws),
            metrics=self.metrics,
            clock=clock,
            limits=limits,
        )

    def _upload_space(self) -> UploadSpace:
        limits = self.config.limits
        shares = (limits.project_share, limits.key_share)
        return UploadSpace(self.home.uploads, UPLOADS_AT_ONCE * limits.max_upload_bytes, *shares)

    def _internal(self, routes: Routes, pipeline: Pipeline) -> dict[str, InternalAnswer]:
        """Returns what the server may ask, by path."""
        dry_run = DryRun(
            routes.find,
            pipeline.release,
            pipeline.resolve,
            pipeline.select_targets,
            pipeline.follow_ids,
            pipeline.guard,
            pipeline.look_up,
            self.counter_reader.read,
            self.ids,
            self.clock,
        )
        rebuild = Rebuild(routes.of_dialect, self.targets, self.ids, self.clock)
        token, holder = self.token.hex(), self.holder
        return {
            DRY_RUN_PATH: InternalEndpoint(
                DryRunRequest,
                lambda asked: dry_run.explain(asked, holder.current),
                token,
                MAX_DRY_RUN_BYTES,
            ),
            REBUILD_PATH: InternalEndpoint(
                RebuildRequest,
                lambda asked: rebuild(asked, holder.current),
                token,
                MAX_REBUILD_BYTES,
            ),
            SENT_CALL_PATH: SentCalls(
                *(routes, pipeline, self.ids, token), derive_key(self.token, CALL_PURPOSE)
            ),
        }

    def _counter_reader(self) -> FileReader | RedisView:
        """Reads counters beside those that change them, for dry runs."""
        redis, folder = self.config.redis, self.home.counters
        if redis.url:
            return RedisView.open(redis.url, self.clock)
        return FileReader(path_in(folder), self.clock)


def _read_token(path: Path) -> bytes:
    if not path.exists():
        raise SetupError(
            f"{path} does not exist.",
            hint="Copy gateway.token from the server's home; `penstock up` creates it.",
        )
    return ensure_secret_file(path)
