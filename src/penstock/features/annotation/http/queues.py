"""`/api/v1/projects/{project_id}/annotation/queues`: queues, and what fills them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.annotation.http.bodies import (
    CallsBody,
    QueueBody,
    QueueChangeBody,
    QueueRuleBody,
    QueueRulePauseBody,
    SelectionBody,
)
from penstock.features.annotation.http.views import (
    AnnotationQueueView,
    FilledQueueView,
    NamedQueueRuleView,
    QueueRuleView,
)
from penstock.features.annotation.model.queues import MAX_QUEUES
from penstock.features.annotation.service.filling import QueueFilling
from penstock.features.annotation.service.following import QueueRules
from penstock.features.annotation.service.queues import AnnotationQueues
from penstock.infra.web.pages import Page

PREFIX = "/api/v1/projects/{project_id}/annotation/queues"
TAGS = ("annotation",)


def queue_routes(require: RequirePermission, queues: AnnotationQueues) -> APIRouter:
    """Returns the routes of queues."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.ANNOTATIONS_READ))
    may_manage = Depends(require(Permission.ANNOTATIONS_MANAGE))

    @router.get("")
    def list_annotation_queues(
        access: Annotated[Access, may_read],
    ) -> Page[AnnotationQueueView]:
        """Lists the queues of the project by name, with their counts."""
        found = queues.list(access.project_id)[:MAX_QUEUES]
        return Page(items=[AnnotationQueueView.of(*each) for each in found])

    @router.post("", status_code=201)
    def add_annotation_queue(
        access: Annotated[Access, may_manage], body: QueueBody
    ) -> AnnotationQueueView:
        """Adds a queue without items."""
        made = queues.add(access.principal, access.project_id, body.queue())
        return AnnotationQueueView.of(*queues.get(access.project_id, made.name))

    @router.get("/{name}")
    def get_annotation_queue(access: Annotated[Access, may_read], name: str) -> AnnotationQueueView:
        """Returns a queue with its counts, also of each annotator."""
        return AnnotationQueueView.of(*queues.get(access.project_id, name))

    @router.patch("/{name}")
    def change_annotation_queue(
        access: Annotated[Access, may_manage], name: str, body: QueueChangeBody
    ) -> AnnotationQueueView:
        """Changes a queue. The schema and the score stay once there are labels."""
        queues.change(access.principal, access.project_id, name, **body.fields())
        return AnnotationQueueView.of(*queues.get(access.project_id, name))

    @router.delete("/{name}", status_code=204)
    def remove_annotation_queue(access: Annotated[Access, may_manage], name: str) -> None:
        """Removes a queue with its items and labels. Scores and examples made of them stay."""
        queues.remove(access.principal, access.project_id, name)

    return router


def queue_rule_routes(require: RequirePermission, rules: QueueRules) -> APIRouter:
    """Returns the route of all rules."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/annotation/rules", tags=[*TAGS])
    may_read = Depends(require(Permission.ANNOTATIONS_READ))

    @router.get("")
    def list_queue_rules(access: Annotated[Access, may_read]) -> Page[NamedQueueRuleView]:
        """Lists the rules that fill queues, by queue."""
        found = rules.list(access.project_id)
        return Page(items=[NamedQueueRuleView.named(*each) for each in found])

    return router


def queue_filling_routes(
    require: RequirePermission, filling: QueueFilling, rules: QueueRules
) -> APIRouter:
    """Returns the routes that fill queues."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.ANNOTATIONS_READ))
    may_manage = Depends(require(Permission.ANNOTATIONS_MANAGE))

    @router.post("/{name}/items")
    def fill_annotation_queue(
        access: Annotated[Access, may_manage], name: str, body: SelectionBody
    ) -> FilledQueueView:
        """Adds items of a dataset, results of a run, or items of another queue."""
        wanted = body.selection()
        found = filling.add_selected(access.principal, access.project_id, name, wanted)
        return FilledQueueView.of(found)

    @router.post("/{name}/calls")
    def add_calls_to_queue(
        access: Annotated[Access, may_manage], name: str, body: CallsBody
    ) -> FilledQueueView:
        """Adds recorded calls."""
        found = filling.add_calls(access.principal, access.project_id, name, body.span_ids)
        return FilledQueueView.of(found)

    @router.get("/{name}/rule")
    def get_queue_rule(access: Annotated[Access, may_read], name: str) -> QueueRuleView:
        """Returns the rule that fills a queue, and what it has done."""
        return QueueRuleView.of(rules.get(access.project_id, name))

    @router.put("/{name}/rule")
    def set_queue_rule(
        access: Annotated[Access, may_manage], name: str, body: QueueRuleBody
    ) -> QueueRuleView:
        """Sets the rule that fills a queue."""
        made = rules.set(access.principal, access.project_id, name, body.rule())
        return QueueRuleView.of(made)

    @router.patch("/{name}/rule")
    def pause_queue_rule(
        access: Annotated[Access, may_manage], name: str, body: QueueRulePauseBody
    ) -> QueueRuleView:
        """Pauses the rule of a queue, or lets it go on from where it was."""
        found = rules.pause(access.principal, access.project_id, name, paused=body.paused)
        return QueueRuleView.of(found)

    @router.delete("/{name}/rule", status_code=204)
    def remove_queue_rule(access: Annotated[Access, may_manage], name: str) -> None:
        """Removes the rule of a queue; its items stay."""
        rules.remove(access.principal, access.project_id, name)

    return router
