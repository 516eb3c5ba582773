"""The services of use cases, releases and rollouts over a real database."""

from dataclasses import dataclass
from pathlib import Path

from penstock.features.access import Principal, Role
from penstock.features.catalog.assembly import listed_models
from penstock.features.catalog.model import NewProvider
from penstock.features.prompts.assembly import prompt_versions
from penstock.features.prompts.model import NewVersion
from penstock.features.prompts.service.prompts import PromptService
from penstock.features.protection.assembly import open_admission
from penstock.features.protection.model import Evidence, EvidenceResult
from penstock.features.protection.service.admission import ReleaseAdmission
from penstock.features.protection.service.approvals import ApprovalService
from penstock.features.protection.service.evidence import EvidenceService
from penstock.features.releases.assembly import get_release, load_bundles, open_releases
from penstock.features.releases.model import StoredRelease
from penstock.features.releases.service import ReleaseService
from penstock.features.rollouts.assembly import (
    places_of_release,
    running_releases,
    served_environments,
)
from penstock.features.rollouts.service import RolloutService
from penstock.features.routes.assembly import route_names
from penstock.features.routes.service import RouteService
from penstock.features.use_cases.assembly import (
    get_use_case,
    open_use_cases,
    use_case_names,
)
from penstock.features.use_cases.model import UseCase
from penstock.features.use_cases.service import UseCaseService
from penstock.rules.prompts.documents import PromptContent, PromptMessage, PromptVariable
from penstock.rules.releases.documents import Release
from penstock.rules.rollouts.documents import Rollout, RolloutArm
from penstock.rules.snapshot.routes import RouteEntry, RouteTarget
from tests.features.world import World, open_world

STYLE = PromptContent("text", "Be brief.")
ANSWER = PromptContent(
    "chat",
    messages=(
        PromptMessage("system", '{{ tone }}. {% include "style" %}'),
        PromptMessage(placeholder="messages"),
    ),
    variables={"tone": PromptVariable(default="Friendly")},
)


@dataclass
class Released:
    """A project with two providers, a route, and a prompt with a partial."""

    world: World
    prompts: PromptService
    routes: RouteService
    use_cases: UseCaseService
    releases: ReleaseService
    rollouts: RolloutService
    admission: ReleaseAdmission
    evidence: EvidenceService
    approvals: ApprovalService
    editor: Principal
    prompt_id: str = ""
    prompt: str = ""  # the hash of its version

    @property
    def project(self) -> str:
        return self.world.project_id

    def release(self, model: str = "support-route", prompt: str = "") -> StoredRelease:
        made, _ = self.releases.create(self.editor, self.project, Release(model, prompt))
        return made

    def passes(self, release: str, kind: str = "evals") -> None:
        """Adds passed evidence to a release."""
        evidence = Evidence(self.project, release, kind, EvidenceResult.PASSED)
        self.evidence.add(self.world.admin, evidence)

    def start(
        self, release: str, seen: int = 0, environment: str = "dev", actor: Principal | None = None
    ) -> Rollout:
        wanted = Rollout("support", environment, seen, (RolloutArm(release),))
        return self.rollouts.start(actor or self.editor, self.project, wanted).entry


def open_released(home: Path, url: str = "") -> Released:
    """Opens it in an empty folder, over SQLite or the database at `url`."""
    world = open_world(home, url=url)
    for name, models in (("openai", ("gpt-4o", "both")), ("mine", ("both",)), ("any", ())):
        new = NewProvider(name, "https://api.example.org/v1", models=models)
        world.catalog.providers.add(world.admin, world.project_id, new)
    context = world.identity.context
    listed, named = listed_models(context), route_names(context)
    admission = open_admission(context, get_use_case, get_release, running_releases)
    use_cases = open_use_cases(
        context, listed, named, served_environments(context), admission.check_running
    )
    releases = open_releases(context, prompt_versions, listed, named, places_of_release(context))
    found = Released(
        world,
        PromptService(context),
        RouteService(context, listed, lambda: ["weighted"], use_case_names(context)),
        use_cases,
        releases,
        RolloutService(
            context, use_cases.get, releases.require_servable, load_bundles, admission.require
        ),
        admission,
        EvidenceService(context, releases.find),
        ApprovalService(context, get_use_case, releases.find),
        Principal("user", "usr_3", "eve@example.org", {world.project_id: Role.EDITOR}),
    )
    route = RouteEntry("support-route", 0, (RouteTarget("openai", "gpt-4o"),))
    found.routes.add(world.admin, found.project, route)
    use_cases.add(found.editor, found.project, UseCase("support", owner="Eve"))
    found.prompts.add(found.editor, found.project, "style", NewVersion(STYLE))
    prompt, version = found.prompts.add(
        found.editor, found.project, "support/answer", NewVersion(ANSWER)
    )
    found.prompt_id, found.prompt = prompt.id, version.head.digest
    return found
