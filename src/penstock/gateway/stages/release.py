"""Stage between read and resolve: a request for a use case becomes the one that its release makes
of it, in the caller's own format. All later stages see an ordinary request.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from penstock.gateway.call import Call
from penstock.gateway.inflight import InFlight
from penstock.gateway.offload import INLINE_BYTES, offload
from penstock.gateway.released import CallRelease, ReleaseArm
from penstock.gateway.shadow_rule import ShadowRule
from penstock.gateway.snapshot.project_index import names_allowed
from penstock.gateway.snapshot.rollouts import ProjectRollouts, RunningRollout
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound, Overloaded
from penstock.rules.formats.json_text import decode_json
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.neutral.translation import Written
from penstock.rules.releases.served import ServedRelease
from penstock.rules.rollouts.assignment import ArmBasis
from penstock.rules.rollouts.documents import SHADOW_ARM, ShadowArm, StickyUnit
from penstock.rules.snapshot.access import KeyContext
from penstock.spi.surface import Surface

USUAL_ENVIRONMENT: Final = "production"
VARIABLES: Final = "variables"
VARIABLES_HEADER: Final = b"x-penstock-variables"
STEP_HEADER: Final = b"x-penstock-step"
MAX_STEP_BYTES: Final = 64  # of the name of a step
MAX_SLOW: Final = 1000  # releases that a worker renders in a thread; a full set is cleared
_SLOW_NS: Final = 2_000_000  # of rendering; a release that took longer is rendered in a thread
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_variables: Final = msgspec.json.Decoder(dict[str, Any])


class ApplyRelease:
    """Finds the release of a use case, and applies it to the request."""

    def __init__(self, inflight: InFlight, monotonic_ns: Callable[[], int]) -> None:
        self._inflight = inflight
        self._monotonic_ns = monotonic_ns
        self._slow: set[str] = set()

    async def __call__(
        self, call: Call, key_context: KeyContext, rollouts: ProjectRollouts, head: RequestHead
    ) -> RequestHead:
        """Returns the head of the request as the release makes it. Raises `NotFound`, `Forbidden`,
        `InvalidRequest` for variables that are missing or wrong, `Overloaded`."""
        use_case = head.model
        if use_case not in rollouts:
            return head
        if not call.traits.chat:
            raise InvalidRequest(
                f"{use_case!r} is a use case, which answers chats, not {call.path}.",
                hint="Send the name of a model.",
                code="use_case_is_chat",
                param="model",
            )
        environment = call.caller.environment or USUAL_ENVIRONMENT
        running = _running(key_context, rollouts, use_case, environment)
        if running.rollout.shadow is not None:
            call.shadow = _shadow(
                key_context.project_id, running, running.rollout.shadow, _step(call)
            )
        allowed = names_allowed(key_context.key.allowed_models, use_case)
        step = _step(call)
        name, basis, digest, release = running.choose(_unit(call, running, step))
        if step and release is not None:
            release = _release_of_step(running, release, step)
        arm = ReleaseArm(use_case, environment, name, basis, digest, release, allowed, step)
        return await self.apply(call, head, arm)

    async def apply(self, call: Call, head: RequestHead, arm: ReleaseArm) -> RequestHead:
        """Makes the request of a call the one that the release of an arm makes of it, and returns
        its head. Raises as `__call__`."""
        release = arm.release
        others = call.caller.others | {
            "release": arm.digest,
            "arm": arm.name,
            "arm_basis": arm.basis.value,
        }
        if arm.step:
            others["step"] = arm.step
        if release is not None:
            others["prompt_version"] = release.prompt_version
        call.caller = replace(
            call.caller, use_case=arm.use_case, environment=arm.environment, others=others
        )
        if release is None or release.failure:
            raise _unusable(arm.use_case, arm.digest, release)
        if not release.model:
            raise _step_missing(arm.use_case, release)
        written = await self._written(call, head, release)
        call.released = CallRelease(
            arm.use_case, arm.digest, release.model, arm.allowed, written.changes
        )
        if len(written.body) > call.request_size:
            self._inflight.hold(call, len(written.body))
        call.body, call.request_size = written.body, len(written.body)
        content_type = call.headers.get(b"content-type", b"")
        found = call.surface.read_head(call.path, call.query, call.body, content_type)
        call.head = replace(found, model=release.model)
        return call.head

    async def _written(self, call: Call, head: RequestHead, release: ServedRelease) -> Written:
        """The request as the release makes it: in a thread if that may take long."""
        given = call.headers.get(VARIABLES_HEADER, b"")
        work = partial(rewritten, call.surface, call.body, given, head, release)
        size = len(call.body) + release.size
        if release.digest in self._slow:
            return await offload(INLINE_BYTES + size, work)
        began = self._monotonic_ns()
        written = await offload(size, work)
        if self._monotonic_ns() - began > _SLOW_NS:
            if len(self._slow) >= MAX_SLOW:
                self._slow.clear()
            self._slow.add(release.digest)
        return written


def rewritten(
    surface: Surface, body: bytes, header: bytes, head: RequestHead, release: ServedRelease
) -> Written:
    """Returns a request as a release makes it. Raises `InvalidRequest`."""
    members = _read_members(body)
    sent = members.pop(VARIABLES, None)
    if sent is not None and header:
        raise _invalid("The request has variables in its body and in its header.")
    variables = _read_variables(bytes(sent) if sent is not None else header)
    own = msgspec.json.encode(members) if sent is not None else body
    conversation = release.apply(surface.read_conversation(own), variables)
    return surface.write_conversation(conversation, release.model, head)


def _read_members(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return decode_json(_members, body)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The request body is not a JSON object: {error}.") from None


def _read_variables(value: bytes) -> Mapping[str, Any]:
    if not value or value == b"null":
        return {}
    try:
        return decode_json(_variables, value)
    except msgspec.DecodeError as error:
        raise _invalid(f"The variables are no JSON object: {error}.") from None


def _running(
    key_context: KeyContext, rollouts: ProjectRollouts, use_case: str, environment: str
) -> RunningRollout:
    fixed = key_context.key.use_case
    if fixed and fixed != use_case:
        raise Forbidden(
            f"This key is for the use case {fixed!r}.",
            hint="Use a key without a use case, or one for this use case.",
            code="use_case_not_allowed",
            param="model",
        )
    if running := rollouts.find(use_case, environment):
        return running
    raise NotFound(
        f"The use case {use_case!r} has no release in {environment[:63]!r}.",
        hint=f"It has one in {', '.join(rollouts.environments(use_case))}. The environment is that "
        "of the key, or of the header x-penstock-environment.",
        code="release_not_found",
        param="model",
    )


def _step(call: Call) -> str:
    """The step of a chain that a call is; empty if it is none."""
    return call.headers.get(STEP_HEADER, b"")[:MAX_STEP_BYTES].decode("latin-1")


def _release_of_step(
    running: RunningRollout, chain: ServedRelease, step: str
) -> ServedRelease | None:
    """The release of a step of a chain. Raises `NotFound`."""
    if digest := chain.steps.get(step):
        return running.served(digest)
    raise NotFound(
        f"The release {chain.digest[:12]} of {running.rollout.use_case!r} has no step {step!r}.",
        hint=_known_steps(chain),
        code="step_not_found",
    )


def _step_missing(use_case: str, chain: ServedRelease) -> InvalidRequest:
    return InvalidRequest(
        f"{use_case!r} is a chain: each call is one of its steps.",
        hint=_known_steps(chain),
        code="step_missing",
    )


def _known_steps(chain: ServedRelease) -> str:
    if not chain.steps:
        return "It is no chain: send no header x-penstock-step."
    return f"Send one in the header x-penstock-step: {', '.join(sorted(chain.steps))}."


def _unit(call: Call, running: RunningRollout, step: str) -> str:
    """Returns what meets the same arm each time. The steps of a chain are one trace."""
    match running.rollout.sticky:
        case StickyUnit.USER:
            return call.caller.user
        case StickyUnit.SESSION:
            return call.caller.session
        case StickyUnit.REQUEST:
            return call.trace_id if step else call.span_id


def _shadow(project_id: str, running: RunningRollout, shadow: ShadowArm, step: str) -> ShadowRule:
    """The rule of a rollout's shadow. All keys may call its model: nobody sees the answer."""
    rollout, release = running.rollout, running.served(shadow.release)
    if step and release is not None:
        release = running.served(release.steps.get(step, ""))
    arm = ReleaseArm(
        rollout.use_case,
        rollout.environment,
        SHADOW_ARM,
        ArmBasis.SHADOW,
        shadow.release,
        release,
        allowed=True,
        step=step,
    )
    return ShadowRule(project_id, rollout.place, arm, shadow.percent, shadow.max_calls)


def _unusable(use_case: str, digest: str, release: ServedRelease | None) -> Overloaded:
    why = release.failure if release is not None else "It is not in the snapshot yet."
    return Overloaded(
        f"The release {digest[:12]} of {use_case!r} cannot be served. {why}",
        hint="Upgrade the gateway, or undo the rollout.",
        code="release_unusable",
    )


def _invalid(message: str) -> InvalidRequest:
    return InvalidRequest(
        message,
        hint='Send "variables": {"name": "value"}.',
        code="variable_invalid",
        param=VARIABLES,
    )
