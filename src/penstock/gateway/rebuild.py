"""Builds the request that a recorded attempt sent once more, by the stages and plugins that serve
calls. It sends nothing and records nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.ids import Ids
from penstock.gateway.kept_ids import keeper_of
from penstock.gateway.no_client import nothing_to_receive, nothing_to_send
from penstock.gateway.offload import offload
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.stages.dispatch import provider_request
from penstock.gateway.target import Target
from penstock.gateway.targets import TargetSource
from penstock.kernel.errors import NotFound
from penstock.kernel.time import Clock
from penstock.rules.call import Operation
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.passed_call import PASSED_HEADERS, PREFIX
from penstock.rules.replay import CallerRequest, RebuildRequest, RebuiltRequest
from penstock.rules.sent_request import (
    CODEC,
    METHOD,
    PATH,
    header_lines,
    read_header_lines,
    request_digest,
)
from penstock.spi.surface import Surface

# Headers of a provider's request that are shown: none of them has a credential.
_SHOWN: Final = PASSED_HEADERS | {b"accept-encoding"}
FindDialect = Callable[[str, str], Surface | None]


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Builds requests again. `surface_of` finds a surface by dialect and operation."""

    surface_of: FindDialect
    targets: TargetSource
    ids: Ids
    clock: Clock

    async def __call__(self, asked: RebuildRequest, snapshot: Snapshot) -> RebuiltRequest:
        """Raises `NotFound` if the provider, its credential or the surface is gone, and
        `InvalidRequest` for a body that cannot be read or written for it."""
        surface = self.surface_of(asked.dialect, asked.operation)
        if surface is None:
            raise NotFound(
                f"This gateway serves no {asked.operation} calls in the format {asked.dialect!r}.",
                code="surface_not_found",
            )
        target = self._target(asked, snapshot)
        call = self._call(asked, surface)
        ids = surface.chat_ids
        if asked.operation == Operation.CHAT and ids is not None:
            keeper = keeper_of(snapshot, asked.project_id, ids.named(asked.body))
            call.own_ids = keeper.own_ids if keeper is not None else None
        head = RequestHead(asked.request_model, asked.stream)
        work = partial(provider_request, call, target, head)
        sent = await offload(len(asked.body), work)
        lines = header_lines(sent.headers)
        http = sent.built.http
        return RebuiltRequest(
            method=http.method,
            url=http.url,
            headers=header_lines((n, v) for n, v in http.headers if n in _SHOWN),
            body=http.body,
            digest=request_digest(http.url, lines, http.body).hex(),
            codec=CODEC,
            changes=tuple(change.text for change in sent.built.changes),
            snapshot=snapshot.digest,
            again=self._again(asked, surface) if asked.send_model else None,
        )

    def _target(self, asked: RebuildRequest, snapshot: Snapshot) -> Target:
        """The target of the attempt. What its model cannot do was no reason then."""
        project = snapshot.project(asked.project_id)
        found = project.provider(asked.provider)
        target = self.targets.find(project, found, asked.model, asked.dialect)
        target = replace(target, model_limits=None)
        if not asked.credential or target.credentials is None:
            return target
        config = target.credentials.of_name(asked.credential)
        if config is None:
            raise NotFound(
                f"The provider {asked.provider!r} has no credential {asked.credential!r} any more.",
                code="credential_not_found",
            )
        return replace(target, provider=config, credential=asked.credential)

    def _call(self, asked: RebuildRequest, surface: Surface) -> Call:
        headers = read_header_lines(asked.headers)
        method = headers.pop(METHOD.encode(), b"POST").decode("latin-1")
        path, _, query = headers.pop(PATH.encode(), b"").partition(b"?")
        raw_path = f"{PREFIX}{asked.provider}/".encode() + path
        call = Call(
            surface,
            asked.operation,
            headers,
            nothing_to_receive,
            nothing_to_send,
            ids=self.ids,
            start_ns=self.clock.now_ns(),
            path=raw_path.decode("latin-1"),
            query=query,
            method=method,
            raw_path=raw_path,
        )
        call.body = asked.body
        return call

    def _again(self, asked: RebuildRequest, surface: Surface) -> CallerRequest:
        operation, model = Operation(asked.operation), asked.send_model
        path, body = surface.request_to(operation, model, asked.body, stream=asked.stream)
        return CallerRequest(path, body, asked.headers)
