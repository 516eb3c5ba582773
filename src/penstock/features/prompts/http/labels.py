"""Routes of labels, their history and protection, and of comments."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission, Role
from penstock.features.prompts.http.documents import (
    CommentBody,
    CommentView,
    MoveBody,
    PromptView,
    RuleBody,
)
from penstock.features.prompts.http.prompts import PATH
from penstock.features.prompts.model import LabelMove, LabelRule
from penstock.features.prompts.service.comments import CommentService
from penstock.features.prompts.service.labels import LabelService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of


class LabelMoveView(BaseModel):
    """A move of a label; 0 is no version."""

    id: str
    label: str
    from_version: int
    to_version: int
    author: str
    message: str
    moved_at: datetime

    @classmethod
    def of(cls, move: LabelMove) -> "LabelMoveView":
        return cls(
            id=move.id,
            label=move.label,
            from_version=move.from_number,
            to_version=move.to_number,
            author=move.author,
            message=move.message,
            moved_at=moment_of(move.moved_ms),
        )


class LabelRuleView(BaseModel):
    """The role that moves a label."""

    label: str
    role: Role


def label_rule_routes(require: RequirePermission, labels: LabelService) -> APIRouter:
    """Returns the routes of protected labels."""
    router = APIRouter(prefix=PATH, tags=["prompts"])
    may_read = Depends(require(Permission.PROMPTS_READ))
    may_protect = Depends(require(Permission.PROJECT_WRITE))

    @router.get("/labels")
    def list_rules(access: Annotated[Access, may_read]) -> Page[LabelRuleView]:
        """Lists protected labels. Editors move all others."""
        return Page(items=[_rule(rule) for rule in labels.rules(access.project_id)])

    @router.put("/labels/{label}")
    def protect_label(
        access: Annotated[Access, may_protect], label: str, body: RuleBody
    ) -> LabelRuleView:
        """Sets the role that may move a label."""
        rule = LabelRule(label, Role(body.role))
        return _rule(labels.set_rule(access.principal, access.project_id, rule))

    return router


def label_routes(require: RequirePermission, labels: LabelService) -> APIRouter:
    """Returns the routes of labels."""
    router = APIRouter(prefix=PATH, tags=["prompts"])
    may_read = Depends(require(Permission.PROMPTS_READ))
    may_write = Depends(require(Permission.PROMPTS_WRITE))

    @router.put("/{prompt_id}/labels/{label}")
    def move_label(
        access: Annotated[Access, may_write], prompt_id: str, label: str, body: MoveBody
    ) -> PromptView:
        """Moves a label to a version: a promotion, or a rollback."""
        return PromptView.of(
            labels.move(
                access.principal,
                access.project_id,
                prompt_id,
                label,
                to=body.version,
                seen=body.seen,
                message=body.message,
            )
        )

    @router.delete("/{prompt_id}/labels/{label}")
    def remove_label(
        access: Annotated[Access, may_write],
        prompt_id: str,
        label: str,
        seen: Annotated[int, Query(ge=1, le=10**8)],
    ) -> PromptView:
        """Removes a label that is at the version `seen`."""
        return PromptView.of(
            labels.move(access.principal, access.project_id, prompt_id, label, to=0, seen=seen)
        )

    @router.get("/{prompt_id}/moves")
    def list_moves(
        access: Annotated[Access, may_read],
        prompt_id: str,
        label: Annotated[str, Query(max_length=63)] = "",
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Page[LabelMoveView]:
        """Lists the moves of a prompt's labels, newest first."""
        before = decode_cursor(cursor)
        found = labels.list_moves(access.project_id, prompt_id, before, limit + 1, label)
        return page_of(found, limit, LabelMoveView.of, lambda move: move.id)

    return router


def comment_routes(require: RequirePermission, comments: CommentService) -> APIRouter:
    """Returns the routes of comments."""
    router = APIRouter(prefix=f"{PATH}/{{prompt_id}}/comments", tags=["prompts"])
    may_read = Depends(require(Permission.PROMPTS_READ))
    may_write = Depends(require(Permission.PROMPTS_WRITE))

    @router.get("")
    def list_comments(
        access: Annotated[Access, may_read],
        prompt_id: str,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Page[CommentView]:
        """Lists the comments on a prompt, newest first."""
        before = decode_cursor(cursor)
        found = comments.list_page(access.project_id, prompt_id, before, limit + 1)
        return page_of(found, limit, CommentView.of, lambda comment: comment.id)

    @router.post("", status_code=201)
    def add_comment(
        access: Annotated[Access, may_write], prompt_id: str, body: CommentBody
    ) -> CommentView:
        """Adds a comment."""
        return CommentView.of(
            comments.add(
                access.principal, access.project_id, prompt_id, body.text, number=body.version
            )
        )

    return router


def _rule(rule: LabelRule) -> LabelRuleView:
    return LabelRuleView(label=rule.label, role=rule.role)
