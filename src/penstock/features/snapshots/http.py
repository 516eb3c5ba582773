"""`/internal/v1/snapshot`: the routes for gateways, guarded by their token; see ARCHITECTURE.md."""

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
    """Returns the routes. `gateway` is the dependency that checks the gateway token."""
    router = APIRouter(
        prefix="/internal/v1/snapshot", include_in_schema=False, dependencies=[Depends(gateway)]
    )

    @router.get("")
    async def root(after: Digest = "", wait_s: Wait = 0.0) -> Response:
        """Returns the root once its digest is not `after`; 204 after `wait_s`."""
        published = await publisher.wait_for_change(after, wait_s)
        if published is None:
            return Response(status_code=204)
        return Response(published.root, media_type=_JSON, headers={"etag": f'"{published.digest}"'})

    @router.get("/sealed")
    async def sealed() -> Response:
        """Returns the encrypted secrets of the current snapshot."""
        published = publisher.current()
        return Response(
            published.sealed,
            media_type="application/octet-stream",
            headers={"etag": f'"{published.etag}"'},
        )

    @router.get("/sections/{hash_}")
    def section(hash_: Hash) -> Response:
        """Returns one section of this snapshot or an earlier one."""
        return Response(publisher.section(hash_), media_type=_JSON)

    return router
