"""`GET /api/v1/about`: what the console must know of this installation."""

from importlib.metadata import version

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from penstock.features.identity.http.access import SignedIn


class About(BaseModel):
    """`gateway_url`: where applications call, without `/v1`, seen from the server's machine."""

    version: str
    gateway_url: str


def about_routes(signed_in: SignedIn, gateway_url: str) -> APIRouter:
    """The one route."""
    router = APIRouter(prefix="/api/v1/about", tags=["instance"])
    about = About(version=version("penstock"), gateway_url=gateway_url)

    @router.get("", dependencies=[Depends(signed_in)])
    async def get_about() -> About:
        """The version that runs, and where its gateway is."""
        return about

    return router
