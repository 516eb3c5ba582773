"""Finds the surface and the route of a request."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from penstock.spi.surface import Surface, SurfaceRoute

Found = tuple[Surface | None, SurfaceRoute | None]
_NOTHING: Final[Found] = (None, None)
_MODEL: Final = re.escape("{model}")


class Routes:
    """The routes of all surfaces. Of two routes with one path, the one whose header the request has
    goes first."""

    def __init__(self, surfaces: Sequence[Surface]) -> None:
        self._surfaces = surfaces
        self._exact: dict[str, tuple[tuple[Surface, SurfaceRoute], ...]] = {}
        self._patterns: list[tuple[re.Pattern[str], Surface, SurfaceRoute]] = []
        for surface in surfaces:
            for route in surface.routes:
                self._add(surface, route)
        self._patterns.sort(key=lambda one: (-len(one[2].path), not one[2].header))  # precise first

    def _add(self, surface: Surface, route: SurfaceRoute) -> None:
        if "{model}" in route.path:
            pattern = re.escape(route.path).replace(_MODEL, ".+")
            self._patterns.append((re.compile(pattern), surface, route))
        else:
            found = (*self._exact.get(route.path, ()), (surface, route))
            self._exact[route.path] = tuple(sorted(found, key=lambda one: not one[1].header))

    def find(self, path: str, headers: Mapping[bytes, bytes]) -> Found:
        """Returns surface and route; no route if the surface does not serve `path`; no surface if
        the path belongs to none."""
        for surface, route in self._exact.get(path, ()):
            if not route.header or route.header in headers:
                return surface, route
        return next(self._matching(path, headers), _NOTHING)

    def of_dialect(self, dialect: str, operation: str) -> Surface | None:
        """Returns the surface of a wire format that serves an operation."""
        for surface in self._surfaces:
            if surface.dialect == dialect and operation in {
                each.operation for each in surface.routes
            }:
                return surface
        return None

    def _matching(self, path: str, headers: Mapping[bytes, bytes]) -> Iterator[Found]:
        for pattern, surface, route in self._patterns:
            if pattern.fullmatch(path) and (not route.header or route.header in headers):
                yield surface, route
        for surface in self._surfaces:
            if path.startswith(surface.prefix):
                yield surface, None
