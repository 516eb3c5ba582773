"""Builds the verticals of the server and connects them."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from penstock.entrypoints.server.candidates import candidates
from penstock.entrypoints.server.config import ServerConfig
from penstock.entrypoints.server.dialects import DIALECTS
from penstock.entrypoints.server.evaluated import EvaluatedReleaseStore
from penstock.entrypoints.server.followed import follow_ports
from penstock.entrypoints.server.labelled import CorrectedPrompts, LabelledExamples
from penstock.entrypoints.server.scheduled import ScheduledPartFinder
from penstock.features.access import Guards
from penstock.features.annotation import assembly as annotation
from penstock.features.backup import assembly as backup
from penstock.features.batches import assembly as batches
from penstock.features.catalog import assembly as catalog
from penstock.features.catalog.references import SecretReferences
from penstock.features.datasets import assembly as datasets
from penstock.features.datasets.service.changes import DatasetChanges
from penstock.features.datasets.service.datasets import DatasetService
from penstock.features.datasets.service.examples import ExampleReader
from penstock.features.datasets.service.reading import DatasetReader
from penstock.features.dry_runs import assembly as dry_runs
from penstock.features.evaluations import assembly as evaluations
from penstock.features.evaluations.online.assembly import StoredTraffic
from penstock.features.feedback import assembly as feedback
from penstock.features.feedback.service.scores import ScoreService
from penstock.features.feedback.store import schema as scores_schema
from penstock.features.gates import assembly as gates
from penstock.features.guardrails import assembly as guardrails
from penstock.features.identity.assembly import Identity
from penstock.features.limits import assembly as limits
from penstock.features.notifications import assembly as notifications
from penstock.features.prompts import assembly as prompts
from penstock.features.prompts.service.prompts import PromptService
from penstock.features.protection import assembly as protection
from penstock.features.releases import assembly as releases
from penstock.features.releases.service import ReleaseService
from penstock.features.replays import assembly as replays
from penstock.features.replays.gateway import InternalGateway
from penstock.features.rollouts import assembly as rollouts
from penstock.features.routes import assembly as routes
from penstock.features.shadow_reports import assembly as shadow_reports
from penstock.features.snapshots import assembly as snapshots
from penstock.features.snapshots.changes import ChangeSignal
from penstock.features.snapshots.explain import CostExplainer
from penstock.features.traces import assembly as traces
from penstock.features.traces.quarantine import Quarantine
from penstock.features.traces.service import NoteCalls
from penstock.features.traces.unclaimed import UnclaimedLimits
from penstock.features.traces.unknown import UnknownRecords
from penstock.features.use_cases import assembly as use_cases
from penstock.features.vertical import Vertical
from penstock.features.webhooks import assembly as webhooks
from penstock.infra.columns import ColumnStore
from penstock.infra.crypto import Sealer, derive_key
from penstock.infra.egress.client import Egress
from penstock.infra.home import Home
from penstock.infra.jobs.wanted import WorkWanted
from penstock.infra.settings import operator_variable
from penstock.infra.sql import Database
from penstock.plugins.providers.vendors import VENDORS
from penstock.rules.snapshot.tree import SEALED_PURPOSE

_LOG: Final = "penstock.server"


@dataclass(frozen=True)
class SharedParts:
    """Stores, identity, secrets and HTTP clients that the verticals share."""

    config: ServerConfig
    database: Database
    identity: Identity
    guards: Guards
    master_key: bytes
    token: bytes
    egress: Egress
    gateway: Egress
    changes: ChangeSignal


class Verticals:
    """Builds the verticals of the server; each method builds those of one topic."""

    def __init__(self, parts: SharedParts) -> None:
        self._parts = parts
        self._guards = parts.guards
        self._context = parts.identity.context

    def build(self) -> list[Vertical]:
        """Returns all verticals, lowest first. A new one is a line in the list `built`."""
        parts, guards, context = self._parts, self._guards, self._context
        config, identity, home = parts.config, parts.identity, parts.config.home_path
        token = parts.token.hex()
        noted = batches.open_batches(context, identity.access_sections.pepper)
        costs, references = CostExplainer(parts.database), self._references()
        opened = self._open_traces(costs, noted.note)
        made, budgets = self._open_releases(), rollouts.shadow_budgets(context)
        built = [
            identity.vertical(secure_cookie=config.secure_cookie),
            catalog.build(
                context,
                guards,
                VENDORS,
                parts.egress,
                master_key=parts.master_key,
                references=references,
                project_id=identity.first_project_id,
                candidates=(lambda: candidates(config)) if config.find_providers else None,
                columns=opened.opening.store,
            ),
            routes.build(
                context,
                guards,
                catalog.listed_models(context),
                use_cases.use_case_names(context),
            ),
            prompts.build(context, guards),
            *self._build_releases(made, opened.opening.store),
            limits.build(
                context, guards, home, config.redis_url, opened.service.used, further=budgets
            ),
            guardrails.build(context, guards),
            dry_runs.build(guards, parts.gateway, config.gateway_url, token),
            replays.build(
                context,
                guards,
                InternalGateway(parts.gateway, config.gateway_url, token),
                opened.service.recorded_request,
                opened.service.answer_of,
            ),
            traces.build(guards, opened, backup=not config.columns_dsn),
            batches.build(context, guards, noted, self._followed(opened, costs, references)),
            *self._build_feedback(opened),
            self._build_datasets(opened),
            *self._build_evaluations(made, opened),
            notifications.build(
                context, guards, identity.audit_reader, identity.user_finder, prompts.comment_texts
            ),
        ]
        publishing = snapshots.build(
            context,
            guards,
            [source for vertical in built for source in vertical.sections],
            parts.changes,
            pepper=identity.access_sections.pepper,
            sealer=Sealer(derive_key(parts.token, SEALED_PURPOSE)),
        )
        saved = [part for vertical in built for part in vertical.backup_parts]
        return [*built, publishing, backup.build(context, guards, home, saved)]

    def _build_feedback(self, opened: traces.OpenedTraces) -> tuple[Vertical, ...]:
        """Returns the verticals of feedback, shadow reports and webhooks."""
        context, guards, columns = self._context, self._guards, opened.opening.store
        log = self._parts.identity.audit_reader
        audit = webhooks.AuditSource(log.after, log.last_sequence)
        outbox = webhooks.open_outbox(context, audit)
        return (
            feedback.build(
                context,
                guards,
                columns,
                pepper=self._parts.identity.access_sections.pepper,
                on_feedback=outbox.feedback,
            ),
            shadow_reports.build(
                context,
                guards,
                columns,
                rollout=rollouts.get_rollout(context),
                get_trace=opened.service.get_trace,
                read_answer=opened.service.answer_of,
            ),
            webhooks.build(
                context,
                guards,
                outbox,
                audit,
                self._parts.egress,
                master_key=self._parts.master_key,
            ),
        )

    def _build_datasets(self, opened: traces.OpenedTraces) -> Vertical:
        """Returns the vertical of datasets: items are made of calls and of what users said."""
        context = self._context
        scores = ScoreService(opened.opening.store, context.clock)
        events = self._parts.identity.audit_reader
        return datasets.build(context, self._guards, opened.service, scores, events)

    def _references(self) -> SecretReferences:
        return catalog.open_references(
            self._context,
            self._parts.egress,
            operator_variable,
            home=self._parts.config.home_path,
            master_key=self._parts.master_key,
            changed=self._parts.changes.notify,
        )

    def _open_releases(self) -> ReleaseService:
        context = self._context
        return releases.open_releases(
            context,
            prompts.prompt_versions,
            catalog.listed_models(context),
            routes.route_names(context),
            rollouts.places_of_release(context),
        )

    def _build_releases(
        self, made: ReleaseService, columns: Callable[[], ColumnStore]
    ) -> tuple[Vertical, ...]:
        """Returns the verticals of use cases, releases, protected environments and rollouts."""
        context, guards = self._context, self._guards
        admission = protection.open_admission(
            context,
            use_cases.get_use_case,
            releases.get_release,
            rollouts.running_releases,
        )
        catalogue = use_cases.open_use_cases(
            context,
            catalog.listed_models(context),
            routes.route_names(context),
            rollouts.served_environments(context),
            admission.check_running,
        )
        return (
            use_cases.build(guards, catalogue),
            releases.build(guards, made),
            protection.build(context, guards, admission, use_cases.get_use_case, made.find),
            rollouts.build(
                context,
                guards,
                catalogue.get,
                made.require_servable,
                releases.load_bundles,
                require_proof=admission.require,
                columns=columns,
                higher_is_better=evaluations.open_directions(context),
            ),
        )

    def _build_evaluations(
        self, made: ReleaseService, traffic: traces.OpenedTraces
    ) -> tuple[Vertical, ...]:
        """Returns the verticals of evaluation runs, annotation, and gates."""
        context = self._context
        opened = evaluations.open_evaluations(
            context,
            DatasetReader(context),
            EvaluatedReleaseStore(context, made),
            WorkWanted(Home(self._parts.config.home_path).work_wanted),
            evaluations.EvaluationSources(
                self._parts.token,
                StoredTraffic(traffic.service, ScoreService(traffic.opening.store, context.clock)),
                self._parts.identity.audit_reader,
                ScheduledPartFinder(context, rollouts.get_rollout(context)),
                (protection.evidence_of_run, gates.gate_of_run),
            ),
        )
        return (
            evaluations.build(
                self._guards,
                opened,
                annotation.figures_of_judges(context, opened.results, opened.results.reads),
            ),
            self._build_annotation(traffic, opened),
            gates.build(
                context,
                self._guards,
                opened.runs,
                opened.results.values,
                criteria=use_cases.criteria_of(context),
                add_evidence=protection.open_evidence(context, made.find).add,
            ),
        )

    def _build_annotation(
        self, traced: traces.OpenedTraces, opened: evaluations.OpenedEvaluations
    ) -> Vertical:
        """Returns the vertical of annotation: what annotators label, and what becomes of it."""
        context = self._context
        scores = ScoreService(traced.opening.store, context.clock)
        ports = annotation.AnnotationPorts(
            DatasetReader(context),
            opened.results,
            opened.online.measured,
            opened.results.reads,
            ExampleReader(traced.service, scores.list_scores).read,
            scores.submit,
            LabelledExamples(
                DatasetService(context),
                DatasetChanges(context, datasets.personal_data_screen()),
            ),
            CorrectedPrompts(PromptService(context)),
        )
        return annotation.build(context, self._guards, ports)

    def _followed(
        self, traced: traces.OpenedTraces, costs: CostExplainer, references: SecretReferences
    ) -> batches.FollowPorts:
        parts = self._parts
        return follow_ports(
            *(parts.identity, parts.egress),
            catalog.open_access(self._context, parts.master_key, references),
            ingest=traced.service.ingest,
            price=costs.price_batched,
            uploads=Home(parts.config.home_path).uploads,
        )

    def _open_traces(self, costs: CostExplainer, note: NoteCalls) -> traces.OpenedTraces:
        config, clock = self._parts.config, self._context.clock
        spool = Home(config.home_path).spool
        return traces.open_traces(
            columns_dsn(config),
            clock,
            costs,
            Quarantine(spool, clock, logging.getLogger(_LOG)),
            UnknownRecords(spool, clock),
            readers=DIALECTS,
            note=note,
            unclaimed=UnclaimedLimits(config.unclaimed_calls_per_hour, config.unclaimed_days),
            others=((scores_schema.FAMILY, scores_schema.STEPS),),
        )


def columns_dsn(config: ServerConfig) -> str:
    """Returns the DSN of the column store."""
    return config.columns_dsn or f"chdb://{Home(config.home_path).columns}"
