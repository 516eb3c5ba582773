"""Stage after resolve, for chats that name files or responses: they go to the provider that keeps
these, with the credential to which they belong, and nowhere else.
"""

from dataclasses import replace

from penstock.gateway.call import Call
from penstock.gateway.kept_ids import Keeper, keeper_of, with_credential
from penstock.gateway.offload import offload
from penstock.gateway.route_run import RouteRun
from penstock.gateway.snapshot.project_index import ProjectIndex
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.gateway.targets import TargetSource
from penstock.kernel.errors import InvalidRequest
from penstock.rules.neutral.conversation import RequestHead
from penstock.spi.kept import ChatIds


class FollowIds:
    """Leaves a call the targets that have what it names."""

    def __init__(self, targets: TargetSource) -> None:
        self._targets = targets

    def ids_of(self, call: Call, head: RequestHead) -> ChatIds | None:
        """Returns the format of the ids of a call that may name some; else `None`."""
        ids = call.surface.chat_ids
        if ids is None or not call.traits.chat:
            return None
        return ids if ids.may_be_named(head, call.body) else None

    async def __call__(
        self, call: Call, ids: ChatIds, target: Target, head: RequestHead, snapshot: Snapshot
    ) -> Target:
        """Returns the first target that is left. Raises `NotFound` for an unknown id, and
        `InvalidRequest` if no target of the call has what it names."""
        targets = (target,) if call.route is None else call.route.targets
        if head.continues and not any(each.same_dialect for each in targets):
            return target  # its translation names the member that is not carried
        named = await offload(len(call.body), lambda: ids.named(call.body))
        keeper = keeper_of(snapshot, target.project.project_id, named)
        if keeper is None:
            return target
        call.own_ids = keeper.own_ids
        if call.route is None:
            if target.entry.name != keeper.provider:
                raise _kept_elsewhere(keeper, head)
            call.target = self._followed(call, target, keeper)
        else:
            self._keep(call, call.route, keeper, head)
            call.target = call.route.targets[0]
        return call.target

    def _keep(self, call: Call, route: RouteRun, keeper: Keeper, head: RequestHead) -> None:
        """Leaves out the targets of a route that do not have what the call names."""
        left = [each for each in route.route.members if each.target.entry.name == keeper.provider]
        if all(each.rule.after for each in left):
            raise _kept_elsewhere(keeper, head)
        route.keep(
            tuple(replace(each, target=self._followed(call, each.target, keeper)) for each in left)
        )

    def _followed(self, call: Call, target: Target, keeper: Keeper) -> Target:
        """The target with the only credential that has what the call names."""
        project: ProjectIndex = target.project
        own = with_credential(project.provider(keeper.provider), keeper.credential)
        found = self._targets.find(project, own, target.model, call.surface.dialect)
        return replace(found, credential=keeper.credential, health=target.health)


def _kept_elsewhere(keeper: Keeper, head: RequestHead) -> InvalidRequest:
    return InvalidRequest(
        f"This request names what the provider {keeper.provider!r} keeps, and the model"
        f" {head.model!r} is not served by it.",
        hint=f"Call a model of {keeper.provider!r}, or upload the file to the provider of the"
        " model, with the header x-penstock-provider.",
        code="kept_elsewhere",
        param="model",
    )
