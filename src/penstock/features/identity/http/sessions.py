"""`/api/v1/session`: sign in, read the session, sign out, change the password."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from penstock.features.access import Principal, Role, public
from penstock.features.identity.http.access import COOKIE, RouteGuards
from penstock.features.identity.service.sign_in import SESSION_LIFETIME, Session, SignInService
from penstock.features.identity.throttle import Source
from penstock.infra.web.peers import peer_of
from penstock.infra.web.schemas import RequestBody
from penstock.kernel.errors import Forbidden

# Marks a browser from which an account has signed in before; it gives no access.
DEVICE_COOKIE: Final = "penstock_device"
_DEVICE_LIFETIME_S: Final = 365 * 24 * 3600


_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise ValueError("should be an e-mail address")
    return text.lower()


Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class SignInRequest(RequestBody):
    email: Email
    password: Password


class PasswordChangeRequest(RequestBody):
    current: Password
    new: Password


class SessionView(BaseModel):
    """The principal of a request. `project_id` is set if it has exactly one project. `csrf_token`
    (sessions only) must be sent in the header `x-csrf-token` of every mutation."""

    kind: str
    id: str
    label: str
    roles: dict[str, Role]
    project_id: str | None
    instance_admin: bool
    csrf_token: str | None

    @classmethod
    def of(cls, principal: Principal, csrf_token: str | None) -> "SessionView":
        projects = {**principal.roles, **principal.scopes}
        return cls(
            kind=principal.kind,
            id=principal.id,
            label=principal.label,
            roles=dict(principal.roles),
            project_id=next(iter(projects)) if len(projects) == 1 else None,
            instance_admin=principal.instance_admin,
            csrf_token=csrf_token,
        )


def session_routes(
    guards: RouteGuards, sign_in: SignInService, *, secure_cookie: bool
) -> APIRouter:
    """Returns the routes. `secure_cookie`: the console is reached over TLS only."""
    router = APIRouter(prefix="/api/v1/session", tags=["session"])
    signed_in = Depends(guards.signed_in)

    @router.post("", dependencies=[Depends(public)])
    def create_session(body: SignInRequest, request: Request, response: Response) -> SessionView:
        """Signs in with address and password: sets the cookie and returns the CSRF token."""
        device = sign_in.device_of(body.email, request.cookies.get(DEVICE_COOKIE, ""))
        source = Source(peer_of(request.scope), device)
        session = sign_in.sign_in(body.email, body.password.get_secret_value(), source)
        if not device:
            response.set_cookie(
                DEVICE_COOKIE,
                sign_in.new_device(body.email),
                max_age=_DEVICE_LIFETIME_S,
                path="/api/v1/session",
                httponly=True,
                samesite="strict",
                secure=secure_cookie,
            )
        return give_session(session, response, secure_cookie=secure_cookie)

    @router.get("")
    def get_session(principal: Annotated[Principal, signed_in], request: Request) -> SessionView:
        """Returns the principal of this request, by key or by session."""
        token = request.cookies.get(COOKIE)
        csrf_token = sign_in.csrf_token(token) if token and principal.kind == "user" else None
        return SessionView.of(principal, csrf_token)

    @router.delete("", status_code=204)
    def end_session(
        principal: Annotated[Principal, signed_in], request: Request, response: Response
    ) -> None:
        """Ends the session."""
        _require_user(principal)
        sign_in.sign_out(principal, request.cookies[COOKIE])
        response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=secure_cookie)

    @router.post("/password", status_code=204)
    def change_password(
        principal: Annotated[Principal, signed_in], body: PasswordChangeRequest
    ) -> None:
        """Changes the user's own password and ends all their sessions."""
        _require_user(principal)
        sign_in.change_password(
            principal, body.current.get_secret_value(), body.new.get_secret_value()
        )

    return router


def give_session(session: Session, response: Response, *, secure_cookie: bool) -> SessionView:
    """Sets the session cookie and returns the principal."""
    response.set_cookie(
        COOKIE,
        session.token,
        max_age=int(SESSION_LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=secure_cookie,
    )
    return SessionView.of(session.principal, session.csrf_token)


def _require_user(principal: Principal) -> None:
    if principal.kind != "user":
        raise Forbidden("A key has no session and no password.")
