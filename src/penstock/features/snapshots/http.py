"""`/internal/v1/snapshot`: what gateways ask, behind their token. Contract: ARCHITECTURE.md."""

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from penstock.features.snapshots.service import Publisher

_LONGEST_WAIT_S: Final = 55.0
_JSON: Final = "application/json"

Digest = Annotated[str, Query(max_length=64, pattern="^[0-9a-f]*$")]
Wait = Annotated[float, Query(ge=0, le=_LONGEST_WAIT_S)]
Hash = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


def build_router(publisher: Publisher, gateway: Callable[..., Any]) -> APIRouter:
    """The routes; `gateway` is the dependency that admits gateways."""
    router = APIRouter(
        prefix="/internal/v1/snapshot", include_in_schema=False, dependencies=[Depends(gateway)]
    )

    @router.get("")
    async def root(after: Digest = "", wait_s: Wait = 0.0) -> Response:
        """The root as soon as it is another one than `after`; 204 if that takes too long."""
        published = await publisher.wait_for_news(after, wait_s)
        if published is None:
            return Response(status_code=204)
        return Response(published.root, media_type=_JSON, headers={"etag": f'"{published.digest}"'})

    @router.get("/sealed")
    async def sealed() -> Response:
        """The secret half of the current snapshot."""
        published = publisher.current()
        return Response(
            published.sealed,
            media_type="application/octet-stream",
            headers={"etag": f'"{published.etag}"'},
        )

    @router.get("/sections/{hash_}")
    def section(hash_: Hash) -> Response:
        """One section, of this snapshot or an earlier one."""
        return Response(publisher.section(hash_), media_type=_JSON)

    return router
