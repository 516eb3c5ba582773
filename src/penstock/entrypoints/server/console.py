"""Serves the built console, or a page that explains how to build it."""

from pathlib import Path
from typing import Final

from fastapi import Depends, FastAPI
from fastapi.responses import HTMLResponse

import penstock
from penstock.features.access import public
from penstock.kernel.errors import NotFound

BUILT: Final = Path(penstock.__file__).with_name("console")
_MISSING: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Penstock</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto }
  code { background: #8882; padding: .1em .3em; border-radius: 4px }
</style>
<h1>Penstock is running, but the console is not built.</h1>
<p>Install Node 20 or newer, then run <code>make up</code> again. Wheels contain the built
console.</p>
<p>Everything works without it: <code>penstock traces tail</code>, <code>penstock key list</code>,
and the REST API described in <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
"""


def mount_console(app: FastAPI, folder: Path) -> None:
    """Serves the console at `/`. Unknown paths get its index page, because the console routes
    them itself."""

    @app.api_route(
        "/api/{path:path}",
        methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        include_in_schema=False,
        dependencies=[Depends(public)],
    )
    async def no_such_route(path: str) -> None:
        raise NotFound(f"The API has no route /api/{path[:100]}.", hint="See /api/v1/openapi.json.")

    if (folder / "index.html").is_file():
        app.frontend("/", directory=folder, fallback="index.html")
        return

    @app.get("/", include_in_schema=False, dependencies=[Depends(public)])
    async def console_missing() -> HTMLResponse:
        return HTMLResponse(_MISSING)
