"""Finds the surface and the route of a request."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from penstock.spi.surface import ANY_METHOD, Surface, SurfaceRoute

Found = tuple[Surface | None, SurfaceRoute | None]
_NOTHING: Final[Found] = (None, None)
_PLACES: Final = {re.escape("{model}"): ".+", re.escape("{id}"): "[^/]+"}


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
        if "{" in route.path:
            pattern = re.escape(route.path)
            for place, matched in _PLACES.items():
                pattern = pattern.replace(place, matched)
            self._patterns.append((re.compile(pattern), surface, route))
        else:
            found = (*self._exact.get(route.path, ()), (surface, route))
            self._exact[route.path] = tuple(sorted(found, key=lambda one: not one[1].header))

    def find(self, path: str, headers: Mapping[bytes, bytes], method: str = "POST") -> Found:
        """Returns surface and route; no route if the surface does not serve `path`; no surface if
        the path belongs to none. If it serves the path with other methods only: one of these."""
        for surface, route in self._exact.get(path, ()):
            if not route.header or route.header in headers:
                same = route.method == method  # the usual case
                return surface, route if same else _with_method(surface, route, method)
        surface, matching = next(self._matching(path, headers), _NOTHING)
        if surface is None or matching is None:
            return surface, None
        return surface, _with_method(surface, matching, method)

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


def _with_method(surface: Surface, found: SurfaceRoute, method: str) -> SurfaceRoute:
    """Returns the route of the same path that serves `method`, else the one that was found."""
    if found.method in (method, ANY_METHOD):
        return found
    same = (one for one in surface.routes if (one.path, one.header) == (found.path, found.header))
    return next((one for one in same if one.method == method), found)
