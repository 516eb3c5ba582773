"""`GET /api/v1/about`: version and gateway URL of this installation, for the console."""

from importlib.metadata import version

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.access import Guards


class About(BaseModel):
    """`gateway_url`: the URL for applications, without `/v1`, as seen from the server."""

    version: str
    gateway_url: str


def about_routes(guards: Guards, gateway_url: str) -> APIRouter:
    """Returns the route."""
    router = APIRouter(prefix="/api/v1/about", tags=["instance"])
    about = About(version=version("penstock"), gateway_url=gateway_url)

    @router.get("", dependencies=[Depends(guards.signed_in)])
    async def get_about() -> About:
        """Returns the running version and the gateway's URL."""
        return about

    return router
