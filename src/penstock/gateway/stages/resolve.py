"""Stage 4: which provider serves this model, and may this key call it?"""

from fnmatch import fnmatchcase

from penstock.gateway.call import Call
from penstock.gateway.project_view import Grant, Target
from penstock.gateway.snapshot import Snapshot
from penstock.kernel.errors import Forbidden, InvalidRequest
from penstock.rules.call import Operation
from penstock.rules.wire.openai.request import RequestHead


def resolve(call: Call, snapshot: Snapshot, grant: Grant, head: RequestHead) -> Target:
    """`NotFound` with the nearest names, `Forbidden`, or `InvalidRequest`."""
    if not head.model:
        raise InvalidRequest("The request names no model.", param="model")
    if head.stream and call.operation == Operation.EMBEDDINGS:
        raise InvalidRequest("Embeddings cannot be streamed.", param="stream")
    call.project = snapshot.project(grant.project_id)
    target = call.target = call.project.resolve(head.model)
    allowed = grant.key.allowed_models
    if allowed and not _match(allowed, target):
        raise Forbidden(
            f"This key may not call the model {head.model!r}.",
            hint=f"It may call: {', '.join(allowed)}.",
            code="model_not_allowed",
            param="model",
        )
    return target


def _match(patterns: tuple[str, ...], target: Target) -> bool:
    """A pattern names a model plainly or with its provider."""
    names = (target.upstream_model, f"{target.entry.name}/{target.upstream_model}")
    return any(fnmatchcase(name, p) for p in patterns for name in names)
