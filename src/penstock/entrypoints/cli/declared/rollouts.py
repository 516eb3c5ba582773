"""Rollouts in a declared configuration: which release answers a use case in an environment."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from pydantic import BaseModel

from penstock.entrypoints.cli.api import Api
from penstock.entrypoints.cli.declared.located import FilePosition
from penstock.entrypoints.cli.declared.model import (
    Content,
    Declared,
    Existing,
    ObjectAction,
    ObjectChange,
    Resolve,
    differences,
)
from penstock.entrypoints.cli.declared.rollout_bodies import (
    DeclaredRollout,
    check_form,
    declared_content,
    existing_content,
    releases_of,
    written_content,
)
from penstock.entrypoints.cli.declared.rollout_changes import (
    PresentRollout,
    RolloutRequests,
    add_amendments,
    add_shadow,
    add_start,
    answering_after,
    is_decided,
    is_reached,
)
from penstock.features.use_cases.model import UseCaseStatus
from penstock.infra.registry import Registry
from penstock.kernel.errors import Conflict, InvalidRequest, NotFound
from penstock.spi.rollout_rule import RolloutRule

_LOOKED_AT = 100  # newest changes of a rollout, for a release that was taken back


class RolloutKind:
    """Rollouts, by use case and environment."""

    key: ClassVar[str] = "rollouts"
    noun: ClassVar[str] = "rollout"
    body: ClassVar[type[BaseModel]] = DeclaredRollout

    def __init__(self, api: Api, project: str) -> None:
        self._api = api
        self._project = project
        self._path = f"{project}/rollouts"
        self._rules: Registry[RolloutRule] = Registry("penstock.rollout_rules")

    def declare(self, body: Any, place: FilePosition, resolve: Resolve) -> Declared:
        """Returns the rollout of a file; the server knows its releases."""
        del resolve  # a rollout has no secret
        check_form(body)
        if body.plan is not None and body.plan.rule not in self._rules.names():
            known = ", ".join(self._rules.names())
            raise InvalidRequest("There is no such rule.", hint=f"Known: {known}.", param="plan")
        content = declared_content(body, self._digests(body))
        return Declared(f"{body.use_case}/{body.environment}", content, body, place)

    def read(self) -> list[Existing]:
        """Returns the rollouts of the project that answer calls."""
        runs = {_place(run): run for run in self._api.items(f"{self._path}/comparisons")}
        return [
            Existing(
                _place(view),
                existing_content(view, runs.get(_place(view))),
                view | {"compared": _place(view) in runs},
            )
            for view in self._api.items(self._path)
        ]

    def find(self, declared: Declared, existing: Sequence[Existing]) -> Existing | None:
        """Returns the rollout of the same place."""
        return next((each for each in existing if each.name == declared.name), None)

    def change(self, declared: Declared, existing: Existing | None) -> ObjectChange:
        """Returns the change. A release that was taken back, or a comparison that was decided,
        does not begin again by the same file."""
        wanted, path = declared.content, f"{self._path}/{quote(declared.name)}"
        if existing is None:
            requests = RolloutRequests(path, self._stopped_version(path))
            note = add_start(requests, wanted, None)
            add_shadow(requests, wanted, None, releases_of(wanted))
            shown = differences({}, written_content(wanted))
            return self._made(declared.name, ObjectAction.CREATE, shown, requests, note)
        present = PresentRollout(existing.content, existing.view, existing.view["compared"])
        requests, note = RolloutRequests(path, existing.view["version"]), ""
        starts = not is_reached(wanted, present)
        if starts:
            if is_decided(wanted, present, list(self._api.items(f"{path}/history", _LOOKED_AT))):
                return ObjectChange(
                    self.noun, declared.name, ObjectAction.KEEP, note=_kept(wanted, present)
                )
            note = add_start(requests, wanted, present)
        elif present.compared:
            add_amendments(requests, wanted, present)
        add_shadow(requests, wanted, present, answering_after(wanted, present, starts=starts))
        found = differences(existing.content, wanted)
        return self._made(declared.name, ObjectAction.CHANGE, found, requests, note)

    def delete(self, existing: Existing) -> ObjectChange:
        """Returns the change that stops a rollout: no release answers the calls any more."""
        requests = RolloutRequests(f"{self._path}/{quote(existing.name)}", existing.view["version"])
        requests.add("DELETE")
        return self._made(existing.name, ObjectAction.DELETE, (), requests, "stops it")

    def written(self, existing: Existing) -> dict[str, Any]:
        """Returns the fields of a file; defaults are left out."""
        place = {name: existing.view[name] for name in ("use_case", "environment")}
        return place | written_content(existing.content)

    def check(
        self, declared: Declared, use_cases: Mapping[str, Content], present: Existing | None
    ) -> None:
        """Raises `PenstockError` if the rollout cannot be changed. `use_cases`: those that there
        will be."""
        body = declared.body
        if not isinstance(body, DeclaredRollout):
            raise InvalidRequest("This is no rollout.")
        use_case = use_cases.get(body.use_case)
        if use_case is None:
            raise InvalidRequest(
                f"This project has no use case {body.use_case!r}.",
                hint="Declare it in `use_cases`.",
                param="use_case",
            )
        if use_case["status"] == UseCaseStatus.RETIRED.value:
            raise InvalidRequest(f"The use case {body.use_case!r} is retired.", param="use_case")
        environments = {each["name"]: each for each in use_case["environments"]}
        if (environment := environments.get(body.environment)) is None:
            raise InvalidRequest(
                f"The use case {body.use_case!r} has no environment {body.environment!r}.",
                hint=f"It has: {', '.join(environments)}.",
                param="environment",
            )
        if environment["protected"]:
            arms: list[Content] = present.view["arms"] if present else []
            answering = {each["release"] for each in arms}
            for release in sorted(releases_of(declared.content) - answering):
                self._require_admitted(release, body)

    def _require_admitted(self, release: str, body: DeclaredRollout) -> None:
        """Raises `InvalidRequest` if a protected environment does not take a release."""
        place = f"{quote(body.use_case)}/{quote(body.environment)}"
        try:
            found = self._api.get(f"{self._project}/releases/{release}/admission/{place}")
        except NotFound:
            return  # the use case or environment is new: the server decides
        if found["missing"]:
            raise InvalidRequest(
                f"The release {release[:12]} may not enter {body.environment!r}: "
                + "; ".join(each["message"] for each in found["missing"]),
                hint=" ".join(dict.fromkeys(each["hint"] for each in found["missing"])),
                param="release" if body.release else "arms",
            )

    def _digests(self, body: DeclaredRollout) -> dict[str, str]:
        """The full hashes of the releases that a file names. Raises `InvalidRequest`."""
        named = {"release": body.release} if body.release else {}
        named |= {f"arms.{at}.release": each.release for at, each in enumerate(body.arms)}
        named |= {"shadow.release": body.shadow.release} if body.shadow else {}
        found: dict[str, str] = {}
        for param, release in named.items():
            try:
                path = f"{self._project}/releases/{quote(release, safe='')}"
                found[release] = self._api.get(path)["digest"]
            except (NotFound, Conflict, InvalidRequest) as error:
                raise InvalidRequest(error.message, hint=error.hint, param=param) from None
        return found

    def _stopped_version(self, path: str) -> int:
        try:
            return int(self._api.get(path)["version"])
        except NotFound:
            return 0

    def _made(
        self,
        name: str,
        action: ObjectAction,
        found: Sequence[Any],
        requests: RolloutRequests,
        note: str,
    ) -> ObjectChange:
        if not requests.steps:
            return ObjectChange(self.noun, name, ObjectAction.NONE)
        return ObjectChange(self.noun, name, action, tuple(found), tuple(requests.steps), note)


def _place(view: Content) -> str:
    return f"{view['use_case']}/{view['environment']}"


def _kept(wanted: Content, present: PresentRollout) -> str:
    answers = ", ".join(sorted(each[:12] for each in present.releases))
    if "arms" in wanted:
        return f"its comparison has ended; {answers} answers. Declare the release that answers"
    return (
        f"{wanted['release'][:12]} was taken back; {answers} answers. "
        "Declare another release, or start this one again by `penstock rollout`"
    )
