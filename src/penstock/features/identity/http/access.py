"""Route guards: every route declares one, or the application does not start.

`PermissionGuard` requires a permission, `SignedIn` any principal, `public` nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from penstock.features.access import Access, Permission, Principal, public
from penstock.features.identity.service.access import AccessService
from penstock.features.identity.service.sign_in import SignInService
from penstock.infra.web.hosts import SAFE_METHODS
from penstock.kernel.errors import Forbidden, SetupError, Unauthenticated

COOKIE: Final = "penstock_session"
CSRF_HEADER: Final = "x-csrf-token"


class SignedIn:
    """The dependency that returns the principal of a request, by key or by session."""

    def __init__(self, access: AccessService, sign_in: SignInService) -> None:
        self._access = access
        self._sign_in = sign_in

    def __call__(self, request: Request) -> Principal:
        principal = self._resolve(request)
        request.state.caller = f"{principal.kind} {principal.id}"
        return principal

    def _resolve(self, request: Request) -> Principal:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme:
            if scheme.lower() != "bearer" or not secret.strip():
                raise Unauthenticated("Send a key as `Authorization: Bearer pk_…`.")
            return self._access.principal_of_key(secret.strip())
        token = request.cookies.get(COOKIE, "")
        principal = self._sign_in.find(token) if token else None
        if principal is None:
            raise Unauthenticated(
                "This request has no key and no session.",
                hint="Sign in, or send `Authorization: Bearer pk_…`.",
                code="unauthenticated",
            )
        if request.method not in SAFE_METHODS:
            self._require_csrf_token(request, token)
        return principal

    def _require_csrf_token(self, request: Request, token: str) -> None:
        if not self._sign_in.csrf_token_matches(token, request.headers.get(CSRF_HEADER, "")):
            raise Forbidden(
                f"The header {CSRF_HEADER} is missing or wrong.",
                hint="`GET /api/v1/session` returns its value.",
                code="csrf_token_mismatch",
            )


class PermissionGuard:
    """The dependency that requires a permission and returns an `Access`."""

    def __init__(self, permission: Permission, signed_in: SignedIn, access: AccessService) -> None:
        self.permission = permission
        self._signed_in = signed_in
        self._access = access

    def __call__(self, request: Request, project_id: str = "") -> Access:
        """FastAPI takes `project_id` from the path, or from the query if the path has none."""
        principal = self._signed_in(request)
        named = project_id or None
        return Access(principal, self._access.project_for(principal, named, self.permission))


class RouteGuards:
    """Creates the guards of routes."""

    def __init__(self, access: AccessService, sign_in: SignInService) -> None:
        self._access = access
        self.signed_in = SignedIn(access, sign_in)

    def require(self, permission: Permission) -> PermissionGuard:
        """Returns the dependency of a route that needs `permission`."""
        return PermissionGuard(permission, self.signed_in, self._access)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One method of one path and its guard (`None`: it has none)."""

    method: str
    path: str
    guard: object | None


def declarations(routes: Sequence[BaseRoute], others: tuple[object, ...]) -> Iterator[Declaration]:
    """Yields the guard of each route; `others` are additional guards (the gateway token)."""
    for route in iter_route_contexts(routes):
        dependant: Dependant | None = getattr(route, "dependant", None)
        guard = _find_guard(dependant, others) if dependant else None
        for method in sorted(route.methods or {"*"}):
            yield Declaration(method, route.path or "", guard)


def require_declarations(routes: Sequence[BaseRoute], others: tuple[object, ...]) -> None:
    """Raises `SetupError` if a route declares no guard."""
    bare = [f"{d.method} {d.path}" for d in declarations(routes, others) if d.guard is None]
    if bare:
        raise SetupError(f"These routes declare no guard: {', '.join(bare)}.")


def _find_guard(dependant: Dependant, others: tuple[object, ...]) -> object | None:
    for dependency in dependant.dependencies:
        call = dependency.call
        if isinstance(call, PermissionGuard | SignedIn) or call is public or call in others:
            return call
        nested = _find_guard(dependency, others)
        if nested is not None:
            return nested
    return None
