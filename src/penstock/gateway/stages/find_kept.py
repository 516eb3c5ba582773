"""Stage 4 for files and batches: find the provider and the credential that an id names, or the
provider of an upload, and check that the key may use them.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote

from penstock.gateway.call import Call
from penstock.gateway.kept_call import KeptCall
from penstock.gateway.offload import offload
from penstock.gateway.snapshot.project_index import ModelMatch, ProjectIndex
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.gateway.targets import TargetSource
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound
from penstock.rules.call import Operation
from penstock.rules.models.patterns import allows, may_use
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.provider_ids import IdKind, IdSigner, ProviderId, verified_id
from penstock.rules.snapshot.access import KeyContext
from penstock.spi.kept import KeptFormat, UploadedForm

PROVIDER_HEADER: Final = "x-penstock-provider"  # names the provider of an upload
MAX_SHOWN_CHARS: Final = 64  # of an unknown id in an error
_ID: Final = re.compile(r"/v1/(?:files|batches)/([^/]+)")
_LISTS: Final = (Operation.FILE_LIST, Operation.BATCH_LIST)
_NAMES: Final = {IdKind.FILE: "file", IdKind.BATCH: "batch"}


class FindKept:
    """Finds the target of a call about a file or a batch."""

    def __init__(self, targets: TargetSource) -> None:
        self._targets = targets

    async def __call__(
        self, call: Call, snapshot: Snapshot, key_context: KeyContext, head: RequestHead
    ) -> Target:
        """Raises `NotFound` for an id that is not one of this project, `Forbidden`, and
        `InvalidRequest`, also with the line of a batch file."""
        if key_context.token is not None:
            raise Forbidden("A client token is not for files.", code="model_not_allowed")
        if call.operation in _LISTS:
            raise _no_list()
        kept_format = _format_of(call)
        project = snapshot.project(key_context.project_id)
        patterns = key_context.key.allowed_models
        found = await self._found(call, kept_format, snapshot, key_context)
        match = project.provider(found.provider)
        if not may_use(patterns, found.provider):
            raise _not_allowed(f"{found.provider}/*", patterns)
        if found.model and not allows(patterns, found.provider, found.model):
            raise _not_allowed(found.model, patterns)
        target = self._target(project, match, found, call.surface.dialect)
        signer = IdSigner(project.project_id, snapshot.id_secret, found.provider, found.credential)
        call.kept = _kept_call(call, kept_format, found, signer)
        call.head = head._replace(model=found.model)
        call.target = target
        return target

    async def _found(
        self, call: Call, kept_format: KeptFormat, snapshot: Snapshot, key_context: KeyContext
    ) -> ProviderId:
        """Returns what the call concerns; of an upload, the place where it goes, without an id."""
        if call.operation == Operation.FILE_UPLOAD:
            project = snapshot.project(key_context.project_id)
            match = self._of_upload(call, project, key_context)
            form = await offload(call.request_size, partial(_read_form, call, kept_format))
            call.body = form.shown
            credential = match.secrets[0].name if match.secrets else ""
            return ProviderId(match.entry.name, credential, "", form.model)
        verified = partial(_verified, snapshot, key_context.project_id)
        if call.operation == Operation.BATCH_CREATE:
            found = verified(IdKind.FILE, kept_format.read_input_id(call.body))
            if not found.model:
                raise InvalidRequest(
                    "This file is no input of a batch.",
                    hint="Upload it with the purpose `batch`, so that its requests are checked.",
                    code="not_a_batch_file",
                    param="input_file_id",
                )
            return found
        named = _ID.match(call.path)
        kind = IdKind.BATCH if call.operation.startswith("batch") else IdKind.FILE
        return verified(kind, named[1] if named else "")

    def _of_upload(self, call: Call, project: ProjectIndex, key_context: KeyContext) -> ModelMatch:
        """The provider that the header names, or the only one that takes files."""
        if named := call.headers.get(PROVIDER_HEADER.encode()):
            return project.provider(named.decode("latin-1"))
        patterns, dialect = key_context.key.allowed_models, call.surface.dialect
        names = [name for name in project.provider_names() if may_use(patterns, name)]
        serving = [
            match
            for match in map(project.provider, names)
            if self._targets.find(project, match, "", dialect).plugin.dialect == dialect
        ]
        if len(serving) == 1:
            return serving[0]
        if not serving:
            raise NotFound(
                "No provider of this project that the key may use takes files.",
                hint="Set the quirk `files=yes` of one with OpenAI's API that does.",
                code="no_provider_of_files",
            )
        known = ", ".join(match.entry.name for match in serving[:8])
        raise InvalidRequest(
            f"{len(serving)} providers of this project take files.",
            hint=f"Name one of them in the header {PROVIDER_HEADER}: {known}.",
            code="provider_ambiguous",
        )

    def _target(
        self, project: ProjectIndex, match: ModelMatch, found: ProviderId, dialect: str
    ) -> Target:
        """The target with the credential that the id names: what is kept belongs to it."""
        secrets = tuple(one for one in match.secrets if one.name == found.credential)
        if found.credential and not secrets:
            raise NotFound(
                f"The credential {found.credential!r} of the provider {found.provider!r}, to which"
                " this belongs, was removed.",
                hint="Add one with this name and a key of the same account.",
                code="credential_not_found",
            )
        own = replace(match, secrets=secrets or match.secrets[:1])
        target = self._targets.find(project, own, found.model, dialect)
        if target.plugin.dialect != dialect:
            raise Forbidden(
                f"The provider {found.provider!r} takes no files.",
                hint="If it has OpenAI's API for files and batches, set its quirk `files=yes`.",
                code="no_provider_of_files",
            )
        return replace(target, credential=found.credential, health=None)


def _format_of(call: Call) -> KeptFormat:
    if (kept_format := call.surface.kept) is None:
        raise InvalidRequest("This format has no files and no batches.")
    return kept_format


def _kept_call(
    call: Call, kept_format: KeptFormat, found: ProviderId, signer: IdSigner
) -> KeptCall:
    input_id = found.id if call.operation == Operation.BATCH_CREATE else ""
    path = call.path
    if (named := _ID.match(path)) is not None:
        path = path[: named.start(1)] + quote(found.id, safe="") + path[named.end(1) :]
    return KeptCall(kept_format, call.operation, call.method, path, found.model, input_id, signer)


def _verified(snapshot: Snapshot, project_id: str, kind: IdKind, presented: str) -> ProviderId:
    found = verified_id(kind, presented, project_id, snapshot.id_secret)
    if found is None:
        name = _NAMES[kind]
        raise NotFound(
            f"This project has no {name} {presented[:MAX_SHOWN_CHARS]!r}.",
            hint="Send an id as the gateway gave it to this project; ids of the provider itself"
            " and of other projects are not valid here.",
            code=f"{name}_not_found",
        )
    return found


def _read_form(call: Call, kept_format: KeptFormat) -> UploadedForm:
    content = call.upload.content() if call.upload is not None else call.body
    return kept_format.read_upload(call.headers.get(b"content-type", b""), content)


def _no_list() -> InvalidRequest:
    return InvalidRequest(
        "The gateway lists no files and no batches: projects share the provider's account, and"
        " nothing there says to whom each belongs.",
        hint="Keep the ids that uploads and new batches return.",
        code="list_not_served",
    )


def _not_allowed(model: str, patterns: tuple[str, ...]) -> Forbidden:
    return Forbidden(
        f"This key may not call the model {model!r}.",
        hint=f"It may call: {', '.join(patterns)}.",
        code="model_not_allowed",
        param="model",
    )
