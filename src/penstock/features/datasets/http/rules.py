"""`…/datasets/{name}/rule`: recorded calls are added again and again."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.conflicts import revision_of
from penstock.features.datasets.http.datasets import PREFIX, TAGS
from penstock.features.datasets.http.selection import CallSelectionBody
from penstock.features.datasets.rules import (
    MAX_DAILY_CAP,
    MAX_DELAY_S,
    MAX_INTERVAL_S,
    MIN_DELAY_S,
    MIN_INTERVAL_S,
    CallSelection,
    DatasetRule,
    StoredRule,
)
from penstock.features.datasets.service.rules import DatasetRules
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody, Revision, SwitchBody


class DatasetRuleBody(RequestBody):
    """A rule. `share`: the part of the traces that is taken; `daily_cap`: items of one UTC day;
    a version at most every `interval_s`; calls and feedback wait for `delay_s`. What arrives while
    the rule is not `enabled` is not added later. `revision`: that of the rule that you saw (empty:
    none); if it is another one now, the answer is 409 `dataset_rule_changed`."""

    filter: Annotated[
        CallSelectionBody, Field(default_factory=lambda: CallSelectionBody.of(CallSelection()))
    ]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    daily_cap: Annotated[int, Field(ge=1, le=MAX_DAILY_CAP)] = 100
    interval_s: Annotated[int, Field(ge=MIN_INTERVAL_S, le=MAX_INTERVAL_S)] = 900
    delay_s: Annotated[int, Field(ge=MIN_DELAY_S, le=MAX_DELAY_S)] = 300
    keep_output: bool = True
    enabled: bool = True
    revision: Revision | None = None

    def rule(self) -> DatasetRule:
        """Returns the rule."""
        chosen = self.filter.fields()
        return DatasetRule(
            **chosen,
            share=self.share,
            daily_cap=self.daily_cap,
            interval_s=self.interval_s,
            delay_s=self.delay_s,
            keep_output=self.keep_output,
            enabled=self.enabled,
        )


class DatasetRuleView(BaseModel):
    """A rule with what it has done: `added` items, `skipped` calls of which none could be made.
    What was stored until `seen_until` has been looked at. `error`: of the last time. `revision` is
    another one after each change of the rule."""

    dataset: str
    revision: str
    filter: CallSelectionBody
    share: float
    daily_cap: int
    interval_s: int
    delay_s: int
    keep_output: bool
    enabled: bool
    seen_until: datetime
    added_today: int
    added: int
    skipped: int
    error: str
    last_run_at: datetime | None
    next_run_at: datetime

    @classmethod
    def of(cls, stored: StoredRule) -> "DatasetRuleView":
        rule, done = stored.rule, stored.progress
        return cls(
            dataset=stored.dataset,
            revision=revision_of(rule),
            filter=CallSelectionBody.of(rule),
            share=rule.share,
            daily_cap=rule.daily_cap,
            interval_s=rule.interval_s,
            delay_s=rule.delay_s,
            keep_output=rule.keep_output,
            enabled=rule.enabled,
            seen_until=moment_of(done.position.stored_ns // 1_000_000),
            added_today=done.added_today,
            added=done.added,
            skipped=done.skipped,
            error=done.error,
            last_run_at=moment_of(done.ran_ms) if done.ran_ms else None,
            next_run_at=moment_of(done.next_ms),
        )


def dataset_rule_list_routes(require: RequirePermission, rules: DatasetRules) -> APIRouter:
    """Returns the route that lists the rules of a project."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/dataset-rules", tags=[*TAGS])
    may_read = Depends(require(Permission.DATASETS_READ))

    @router.get("")
    def list_dataset_rules(
        access: Annotated[Access, may_read],
        dataset: Annotated[str, Query(max_length=63, description="Only the rule of it.")] = "",
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[DatasetRuleView]:
        """Lists the rules of datasets by the names of these, with what they have done."""
        found = rules.list_page(access.project_id, dataset, decode_cursor(cursor), limit + 1)
        return page_of(found, limit, DatasetRuleView.of, lambda each: each.dataset)

    return router


def dataset_rule_routes(require: RequirePermission, rules: DatasetRules) -> APIRouter:
    """Returns the routes of rules."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.DATASETS_READ))
    may_write = Depends(require(Permission.DATASETS_WRITE))

    @router.get("/{name}/rule")
    def get_dataset_rule(access: Annotated[Access, may_read], name: str) -> DatasetRuleView:
        """Returns the rule of a dataset, and what it has done."""
        return DatasetRuleView.of(rules.get(access.project_id, name))

    @router.put("/{name}/rule")
    def set_dataset_rule(
        access: Annotated[Access, may_write], name: str, body: DatasetRuleBody
    ) -> DatasetRuleView:
        """Sets the rule of a dataset, which adds the calls that are stored from now on."""
        place = access.principal, access.project_id, name
        return DatasetRuleView.of(rules.set(*place, body.rule(), of_revision=body.revision))

    @router.patch("/{name}/rule")
    def switch_dataset_rule(
        access: Annotated[Access, may_write], name: str, body: SwitchBody
    ) -> DatasetRuleView:
        """Switches the rule of a dataset on or off. What arrives while it is off is not added
        later."""
        place = access.principal, access.project_id, name
        return DatasetRuleView.of(rules.switch(*place, enabled=body.enabled))

    @router.delete("/{name}/rule", status_code=204)
    def remove_dataset_rule(access: Annotated[Access, may_write], name: str) -> None:
        """Removes the rule of a dataset; its items stay."""
        rules.remove(access.principal, access.project_id, name)

    return router
