"""What became of items: labels, agreement, decisions, and what labels are used for."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.annotation.http.agreement import QueueAgreementView
from penstock.features.annotation.http.bodies import (
    DecisionBody,
    ExamplesBody,
    ItemState,
    PromptDraftBody,
)
from penstock.features.annotation.http.queues import PREFIX, TAGS
from penstock.features.annotation.http.use_views import (
    DraftedPromptView,
    ExampleView,
    MadeExamplesView,
    QueueEvaluatorView,
)
from penstock.features.annotation.http.views import LabelledItemView
from penstock.features.annotation.service.agreement import AnnotatorAgreement
from penstock.features.annotation.service.deciding import Deciding
from penstock.features.annotation.service.uses import Expected, LabelUses
from penstock.features.annotation.store.items import QueueItemFilter
from penstock.infra.web.pages import Cursor, Limit, Page, decode_position, page_of


def labelled_item_routes(
    require: RequirePermission, deciding: Deciding, agreement: AnnotatorAgreement
) -> APIRouter:
    """Returns the routes that show labels, and decide."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_read = Depends(require(Permission.EVALUATIONS_READ))
    may_label = Depends(require(Permission.ANNOTATIONS_WRITE))

    @router.get("/{name}/items")
    def list_queue_items(
        access: Annotated[Access, may_read],
        name: str,
        state: Annotated[ItemState, Query()] = "",
        cursor: Cursor = "",
        limit: Limit = 50,
    ) -> Page[LabelledItemView]:
        """Lists items with all labels, in order; `differing` ones wait for a decision."""
        after = decode_position(cursor) or 0
        wanted = QueueItemFilter(state=state)
        _, found = deciding.items(access.project_id, name, wanted, after, limit + 1)
        return page_of(found, limit, LabelledItemView.of, lambda each: str(each.item.position))

    @router.get("/{name}/agreement")
    def get_queue_agreement(access: Annotated[Access, may_read], name: str) -> QueueAgreementView:
        """Returns how well annotators agree. Models and decisions do not count."""
        return QueueAgreementView.of(agreement.of(access.project_id, name))

    @router.put("/{name}/items/{item_id}/decision")
    def decide_item(
        access: Annotated[Access, may_label], name: str, item_id: str, body: DecisionBody
    ) -> LabelledItemView:
        """Decides an item on which annotators differ: the adjudicator of the queue may, or whoever
        manages queues if it names none."""
        found = deciding.decide(access.principal, access.project_id, name, item_id, body.sent())
        return LabelledItemView.of(found)

    @router.delete("/{name}/items/{item_id}/decision")
    def take_decision_back(
        access: Annotated[Access, may_label], name: str, item_id: str
    ) -> LabelledItemView:
        """Takes a decision back."""
        found = deciding.take_back(access.principal, access.project_id, name, item_id)
        return LabelledItemView.of(found)

    return router


def label_use_routes(require: RequirePermission, uses: LabelUses) -> APIRouter:
    """Returns the routes that make something of labels. Datasets and prompts demand their own
    permission, which whoever manages queues has."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_manage = Depends(require(Permission.ANNOTATIONS_MANAGE))

    @router.post("/{name}/examples")
    def make_examples(
        access: Annotated[Access, may_manage], name: str, body: ExamplesBody
    ) -> MadeExamplesView:
        """Adds labelled items to a dataset, as a new version."""
        made = uses.to_dataset(
            access.principal,
            access.project_id,
            name,
            body.dataset,
            expected=body.expected,
            ids=body.item_ids,
        )
        return MadeExamplesView.of(made)

    @router.post("/{name}/items/{item_id}/prompt-draft")
    def draft_prompt(
        access: Annotated[Access, may_manage], name: str, item_id: str, body: PromptDraftBody
    ) -> DraftedPromptView:
        """Saves a version of a prompt, without a label, with the correction as an example."""
        made = uses.to_prompt(access.principal, access.project_id, name, item_id, body.prompt)
        return DraftedPromptView.of(made)

    return router


def label_preview_routes(require: RequirePermission, uses: LabelUses) -> APIRouter:
    """Returns the routes that show what labels become, and make nothing."""
    router = APIRouter(prefix=PREFIX, tags=[*TAGS])
    may_manage = Depends(require(Permission.ANNOTATIONS_MANAGE))
    may_read = Depends(require(Permission.EVALUATIONS_READ))

    @router.get("/{name}/items/{item_id}/prompt-draft")
    def preview_prompt_draft(
        access: Annotated[Access, may_manage],
        name: str,
        item_id: str,
        prompt: Annotated[str, Query(min_length=1, max_length=200)],
    ) -> DraftedPromptView:
        """Returns the prompt with the correction as an example, and saves nothing."""
        found = uses.draft_of(access.project_id, name, item_id, prompt)
        return DraftedPromptView.of(found)

    @router.get("/{name}/items/{item_id}/example")
    def preview_example(
        access: Annotated[Access, may_read],
        name: str,
        item_id: str,
        expected: Expected = Expected.ANSWER,
    ) -> ExampleView:
        """Returns the example that an item becomes, and adds nothing."""
        return ExampleView.of(uses.example(access.project_id, name, item_id, expected))

    @router.get("/{name}/evaluator")
    def get_queue_evaluator(
        access: Annotated[Access, may_read],
        name: str,
        model: Annotated[str, Query(min_length=1, max_length=200)],
        item_id: Annotated[str, Query(max_length=200)] = "",
    ) -> QueueEvaluatorView:
        """Returns a judge that asks the question of the queue, for the evaluators of a run; with
        an item also by what annotators have remarked of it."""
        found = uses.evaluator(access.project_id, name, model, item_id)
        return QueueEvaluatorView(name=found.name, kind=found.kind, options=found.options)

    return router
