"""Builds the identity vertical from its parts."""

from collections.abc import Callable
from pathlib import Path

from penstock.features.context import Context
from penstock.features.identity.access_sections import AccessSections
from penstock.features.identity.audit_log import AuditLog
from penstock.features.identity.audit_reader import AuditReader
from penstock.features.identity.checkpoint import CheckpointFile
from penstock.features.identity.http.access import RouteGuards
from penstock.features.identity.http.audit import audit_routes
from penstock.features.identity.http.client_tokens import client_token_routes
from penstock.features.identity.http.invitations import invitation_routes, redemption_routes
from penstock.features.identity.http.keys import key_routes
from penstock.features.identity.http.members import member_routes
from penstock.features.identity.http.projects import project_routes
from penstock.features.identity.http.roles import role_routes
from penstock.features.identity.http.sessions import session_routes
from penstock.features.identity.passwords import Passwords
from penstock.features.identity.service.access import AccessService
from penstock.features.identity.service.bootstrap import SYSTEM, Bootstrap, has_started
from penstock.features.identity.service.client_tokens import ClientTokenService
from penstock.features.identity.service.invitations import InvitationService
from penstock.features.identity.service.keys import KeyService
from penstock.features.identity.service.members import MemberService
from penstock.features.identity.service.projects import ProjectService
from penstock.features.identity.service.sign_in import SignInService
from penstock.features.identity.service.user_finder import UserFinder
from penstock.features.vertical import Vertical
from penstock.infra.crypto import PASSWORD_COST, derive_key, ensure_secret_file
from penstock.infra.home import Home
from penstock.infra.sql import Database
from penstock.kernel.errors import SetupError
from penstock.kernel.time import Clock


def open_master_key(home: Path, database: Database) -> bytes:
    """Returns the home's master key, and creates it on the first start. Raises `SetupError` if it
    is missing later: a new key could not decrypt what the old one encrypted."""
    path = Home(home).master_key
    if not path.exists() and has_started(database):
        raise SetupError(
            f"{path} is missing: keys, sessions and provider secrets need it.",
            hint="Restore this file from a backup.",
        )
    return ensure_secret_file(path)


class Identity:
    """The parts of the vertical. `master_key` is the content of `HOME/master.key`; `changed` runs
    after each commit that wrote an audit event, in any vertical."""

    def __init__(
        self,
        home: Path,
        database: Database,
        master_key: bytes,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
        changed: Callable[[], None] = lambda: None,
        password_cost: int = PASSWORD_COST,
    ) -> None:
        seal_key = derive_key(master_key, "audit seal")
        pepper = derive_key(master_key, "api key digest")
        self._database = database
        self.heads = CheckpointFile(home, derive_key(master_key, "audit heads"))
        self.audit_log = AuditLog(clock, random_bytes, seal_key, self.heads, changed)
        self.context = context = Context(database, self.audit_log, clock, random_bytes)
        passwords = Passwords(random_bytes, password_cost)
        self.audit_reader = AuditReader(database, seal_key, self.heads)
        self.access_sections = AccessSections(database, pepper)
        self.projects = ProjectService(context)
        self.user_finder = UserFinder()
        self.members = MemberService(context, passwords)
        self.invitations = InvitationService(
            context, passwords, derive_key(master_key, "invitations")
        )
        self.keys = KeyService(context, pepper)
        self.client_tokens = ClientTokenService(context)
        self.sign_in = SignInService(context, passwords, derive_key(master_key, "sessions"))
        self.bootstrap = Bootstrap(context, self.keys, passwords, home)
        self.access = AccessService(context, self.projects, pepper)
        self.guards = RouteGuards(self.access, self.sign_in)

    def prepare(self) -> bool:
        """Creates the checkpoint, the first project, admin and key on the first start. Returns
        whether it did."""
        if not has_started(self._database):
            self.heads.create()
        return self.bootstrap.ensure()

    def first_project_id(self) -> str:
        """Returns the id of the oldest project, which the first start created."""
        return self.projects.list_visible(SYSTEM)[0].id

    def vertical(self, *, secure_cookie: bool) -> Vertical:
        """Returns routes and snapshot sections. `secure_cookie`: the console is reached over TLS
        only."""
        guards, sign_in = self.guards, self.sign_in
        return Vertical(
            routers=(
                role_routes(guards),
                session_routes(guards, sign_in, secure_cookie=secure_cookie),
                project_routes(guards, self.projects),
                member_routes(guards, self.members),
                invitation_routes(guards, self.invitations),
                redemption_routes(guards, self.invitations, sign_in, secure_cookie=secure_cookie),
                client_token_routes(guards, self.client_tokens),
                key_routes(guards, self.keys),
                audit_routes(guards, self.audit_reader),
            ),
            sections=(self.access_sections, self.client_tokens),
        )
