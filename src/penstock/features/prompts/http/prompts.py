"""`/api/v1/projects/{project_id}/prompts`: prompts and their versions."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.prompts.http.documents import (
    FullVersionView,
    MovedPromptView,
    NewPromptBody,
    NewVersionBody,
    PromptMoveBody,
    PromptView,
    RenderBody,
    RenderedView,
    ResolvedView,
    SavedView,
    VersionView,
)
from penstock.features.prompts.model import MAX_NAME_CHARS, MAX_QUERY_CHARS
from penstock.features.prompts.service.moving import PromptMoves
from penstock.features.prompts.service.prompts import PromptService
from penstock.infra.web.pages import (
    Cursor,
    Limit,
    Page,
    decode_cursor,
    decode_position,
    page_of,
)

PATH = "/api/v1/projects/{project_id}/prompts"
Wanted = Annotated[
    str, Query(max_length=64, description="Number, label, content hash, or `latest`.")
]


@dataclass(frozen=True, slots=True)
class PromptSearch:
    """The prompts of a list: with all words of `q` in their name or latest version, in a folder,
    with a label; or those that are removed."""

    q: Annotated[str, Query(max_length=MAX_QUERY_CHARS)] = ""
    folder: Annotated[str, Query(max_length=MAX_NAME_CHARS)] = ""
    label: Annotated[str, Query(max_length=63)] = ""
    removed: bool = False


class PieceView(BaseModel):
    """A part of both versions (`equal`), of the new one (`insert`), or of the old (`delete`)."""

    operation: Literal["equal", "insert", "delete"]
    text: str


class DiffView(BaseModel):
    """The differing words of two versions in their file format."""

    pieces: list[PieceView]


def prompt_routes(require: RequirePermission, prompts: PromptService) -> APIRouter:
    """Returns the routes that read prompts."""
    router = APIRouter(tags=["prompts"])
    may_read = Depends(require(Permission.PROMPTS_READ))

    @router.get("/api/v1/prompts/resolve", response_model_exclude_unset=True)
    def resolve_prompt(
        access: Annotated[Access, may_read],
        name: Annotated[str, Query(max_length=MAX_NAME_CHARS)],
        version: Wanted = "",
    ) -> ResolvedView:
        """Returns a version with its partials. Without `version`: the one with the label
        `production`, or else the latest."""
        return ResolvedView.of_resolved(prompts.resolve(access.project_id, name, version))

    @router.get(PATH)
    def list_prompts(
        access: Annotated[Access, may_read],
        search: Annotated[PromptSearch, Depends()],
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Page[PromptView]:
        """Lists prompts by name."""
        found = prompts.list_page(
            access.project_id,
            decode_cursor(cursor),
            limit + 1,
            query=search.q,
            folder=search.folder,
            label=search.label,
            archived=search.removed,
        )
        return page_of(found, limit, PromptView.of, lambda prompt: prompt.name)

    @router.get(f"{PATH}/{{prompt_id}}")
    def get_prompt(access: Annotated[Access, may_read], prompt_id: str) -> PromptView:
        """Returns a prompt."""
        return PromptView.of(prompts.get(access.project_id, prompt_id))

    return router


def version_routes(require: RequirePermission, prompts: PromptService) -> APIRouter:
    """Returns the routes that read versions."""
    router = APIRouter(prefix=f"{PATH}/{{prompt_id}}", tags=["prompts"])
    may_read = Depends(require(Permission.PROMPTS_READ))

    @router.get("/versions")
    def list_versions(
        access: Annotated[Access, may_read],
        prompt_id: str,
        limit: Limit = 100,
        cursor: Cursor = "",
    ) -> Page[VersionView]:
        """Lists the versions of a prompt, newest first."""
        before = decode_position(cursor)
        found = prompts.list_versions(access.project_id, prompt_id, before, limit + 1)
        return page_of(found, limit, VersionView.of, lambda version: str(version.number))

    @router.get("/versions/{version}", response_model_exclude_unset=True)
    def get_version(
        access: Annotated[Access, may_read], prompt_id: str, version: str
    ) -> FullVersionView:
        """Returns a version by number, label, content hash, or `latest`."""
        found = prompts.version(access.project_id, prompt_id, version)
        return FullVersionView.of_version(found)

    @router.get("/diff")
    def diff_versions(
        access: Annotated[Access, may_read], prompt_id: str, old: Wanted, new: Wanted = "latest"
    ) -> DiffView:
        """Returns the words that differ between two versions."""
        pieces = prompts.diff(access.project_id, prompt_id, old, new)
        return DiffView(
            pieces=[PieceView(operation=each.operation, text=each.text) for each in pieces]
        )

    return router


def prompt_change_routes(require: RequirePermission, prompts: PromptService) -> APIRouter:
    """Returns the routes that change prompts, or render what is not saved."""
    router = APIRouter(prefix=PATH, tags=["prompts"])
    may_read = Depends(require(Permission.PROMPTS_READ))
    may_write = Depends(require(Permission.PROMPTS_WRITE))

    @router.post("/render")
    def render_prompt(access: Annotated[Access, may_read], body: RenderBody) -> RenderedView:
        """Renders a content that need not be saved."""
        done = prompts.render(access.project_id, body.content.content(), body.variables)
        return RenderedView(text=done.text, messages=done.messages)

    @router.post("", status_code=201, response_model_exclude_unset=True)
    def add_prompt(access: Annotated[Access, may_write], body: NewPromptBody) -> SavedView:
        """Adds a prompt with its first version."""
        return SavedView.of(
            prompts.add(access.principal, access.project_id, body.name, body.version())
        )

    @router.post("/{prompt_id}/versions", status_code=201, response_model_exclude_unset=True)
    def save_version(
        access: Annotated[Access, may_write], prompt_id: str, body: NewVersionBody
    ) -> SavedView:
        """Saves the next version; the latest one, if its content is the same."""
        return SavedView.of(
            prompts.save(access.principal, access.project_id, prompt_id, body.version())
        )

    @router.delete("/{prompt_id}", status_code=204)
    def remove_prompt(access: Annotated[Access, may_write], prompt_id: str) -> None:
        """Removes a prompt that has no label. Who has the hash of a version still gets it."""
        prompts.remove(access.principal, access.project_id, prompt_id)

    @router.post("/{prompt_id}/restore")
    def restore_prompt(access: Annotated[Access, may_write], prompt_id: str) -> PromptView:
        """Brings a removed prompt back."""
        return PromptView.of(prompts.restore(access.principal, access.project_id, prompt_id))

    return router


def prompt_move_routes(require: RequirePermission, moves: PromptMoves) -> APIRouter:
    """Returns the routes that change names."""
    router = APIRouter(prefix=PATH, tags=["prompts"])
    may_write = Depends(require(Permission.PROMPTS_WRITE))

    @router.post("/move")
    def move_prompts(
        access: Annotated[Access, may_write], body: PromptMoveBody
    ) -> Page[MovedPromptView]:
        """Renames a prompt, or moves all of a folder. Callers of the old names still find them."""
        moved = moves.move(access.principal, access.project_id, body.old, body.new)
        return Page(items=[MovedPromptView.of(each) for each in moved])

    @router.delete("/old-names", status_code=204)
    def free_prompt_name(
        access: Annotated[Access, may_write],
        name: Annotated[str, Query(max_length=MAX_NAME_CHARS)],
    ) -> None:
        """Forgets an old name, so that another prompt may take it."""
        moves.free(access.principal, access.project_id, name)

    return router
