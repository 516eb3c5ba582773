"""`/api/v1/projects/{project_id}/releases`: immutable bundles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from penstock.features.access import Access, Permission, RequirePermission
from penstock.features.releases.model import (
    MAX_MESSAGE_CHARS,
    MAX_MODEL_CHARS,
    MAX_RELEASE_TOOLS,
    MAX_STEPS,
    PartKind,
    ReleaseLineage,
    StoredRelease,
)
from penstock.features.releases.service import ReleaseService
from penstock.infra.web.moments import moment_of
from penstock.infra.web.pages import Cursor, Limit, Page, decode_cursor, page_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import InvalidRequest
from penstock.rules.releases.documents import Release

_Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_PARENTS = 100  # releases that a lineage names above one


class ReleaseBody(RequestBody):
    """A release to make. `model`: a route, `provider/model`, or a plain id. `prompt`: the content
    hash of a version; its tools, schema and parameters apply where the release has none of its own.
    `steps`: for a chain, the hashes of the releases of its steps."""

    model: Annotated[str, Field(max_length=MAX_MODEL_CHARS)] = ""
    prompt: _Hash | None = None
    parameters: dict[str, Any] = Field(max_length=50, default_factory=dict[str, Any])
    tools: list[dict[str, Any]] = Field(
        max_length=MAX_RELEASE_TOOLS, default_factory=list[dict[str, Any]]
    )
    response_schema: dict[str, Any] | None = None
    steps: dict[str, _Hash] = Field(max_length=MAX_STEPS, default_factory=dict[str, _Hash])
    message: Annotated[str, Field(max_length=MAX_MESSAGE_CHARS)] = ""

    def release(self) -> Release:
        """Returns the release."""
        return Release(
            self.model,
            self.prompt or "",
            self.parameters,
            tuple(self.tools),
            self.response_schema,
            self.steps,
        )


class ReleaseView(BaseModel):
    """A release. `digest` names it."""

    digest: str
    model: str
    prompt: str
    parameters: dict[str, Any]
    tools: list[dict[str, Any]]
    response_schema: dict[str, Any] | None
    steps: dict[str, str]
    author: str
    message: str
    created_at: datetime

    @classmethod
    def of(cls, stored: StoredRelease) -> "ReleaseView":
        fields = msgspec.structs.asdict(stored.release)
        return cls(
            digest=stored.digest,
            **fields,
            author=stored.author,
            message=stored.message,
            created_at=moment_of(stored.created_ms),
        )


class ReleasePartView(BaseModel):
    """A part of a release: a hash, or the name of a model. `title`: what it is, for people."""

    kind: PartKind
    part: str
    title: str


class ReleasePlaceView(BaseModel):
    """A use case and environment whose calls a release answers."""

    use_case: str
    environment: str


class LineageView(BaseModel):
    """The parts of a release, the releases that contain it, and where it answers calls."""

    release: ReleaseView
    contains: list[ReleasePartView]
    contained_in: list[ReleaseView]
    rollouts: list[ReleasePlaceView]

    @classmethod
    def of(cls, lineage: ReleaseLineage) -> "LineageView":
        return cls(
            release=ReleaseView.of(lineage.release),
            contains=[
                ReleasePartView(kind=each.kind, part=each.part, title=each.title)
                for each in lineage.contains
            ],
            contained_in=[ReleaseView.of(each) for each in lineage.contained_in],
            rollouts=[
                ReleasePlaceView(use_case=use_case, environment=environment)
                for use_case, environment in lineage.rollouts
            ],
        )


@dataclass(frozen=True, slots=True)
class ReleaseFilter:
    """The releases of a list: those that contain all of these parts."""

    prompt: Annotated[str, Query(max_length=64, description="Hash of a prompt's version.")] = ""
    partial: Annotated[str, Query(max_length=64, description="Hash of a partial.")] = ""
    model: Annotated[str, Query(max_length=256, description="Model or route.")] = ""
    step: Annotated[str, Query(max_length=64, description="Hash of a step's release.")] = ""

    def parts(self) -> list[tuple[PartKind, str]]:
        """Returns the parts."""
        return [(kind, wanted) for kind in PartKind if (wanted := getattr(self, kind.value))]


def release_routes(require: RequirePermission, releases: ReleaseService) -> APIRouter:
    """Returns the API's routes."""
    router = APIRouter(prefix="/api/v1/projects/{project_id}/releases", tags=["releases"])
    may_read = Depends(require(Permission.RELEASES_READ))
    may_write = Depends(require(Permission.RELEASES_WRITE))

    @router.get("")
    def list_releases(
        access: Annotated[Access, may_read],
        wanted: Annotated[ReleaseFilter, Depends()],
        cursor: Cursor = "",
        limit: Limit = 100,
    ) -> Page[ReleaseView]:
        """Lists releases, newest first; with parts, what contains them."""
        before = _position(decode_cursor(cursor))
        found = releases.list(access.project_id, wanted.parts(), before, limit + 1)
        return page_of(
            found, limit, ReleaseView.of, lambda each: f"{each.created_ms}/{each.digest}"
        )

    @router.post("", status_code=201)
    def create_release(
        access: Annotated[Access, may_write], body: ReleaseBody, response: Response
    ) -> ReleaseView:
        """Makes a release. The same content again is the same release (200)."""
        made, new = releases.create(
            access.principal, access.project_id, body.release(), body.message
        )
        response.status_code = 201 if new else 200
        return ReleaseView.of(made)

    @router.get("/{release}")
    def get_release(access: Annotated[Access, may_read], release: str) -> ReleaseView:
        """Returns a release by its hash, or the first eight characters of it or more."""
        return ReleaseView.of(releases.find(access.project_id, release))

    @router.get("/{release}/lineage")
    def get_lineage(access: Annotated[Access, may_read], release: str) -> LineageView:
        """Returns what a release contains, and where it is used."""
        return LineageView.of(releases.lineage(access.project_id, release, _PARENTS))

    return router


def _position(text: str) -> tuple[int, str] | None:
    if not text:
        return None
    at, slash, digest = text.partition("/")
    if not slash or not at.isdecimal() or len(at) > 18:
        raise InvalidRequest(
            "The cursor is not valid.", hint="Start without a cursor.", param="cursor"
        )
    return int(at), digest
