"""Stage 4 for files, batches and stored responses: find the provider and the credential that an id
names, or the provider of an upload, and check that the key may use them.
"""

import re
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote

from msgspec import structs

from penstock.gateway.call import Call
from penstock.gateway.kept_call import STORED, KeptCall
from penstock.gateway.kept_ids import verified, with_credential
from penstock.gateway.offload import offload
from penstock.gateway.snapshot.project_index import ModelMatch, ProjectIndex
from penstock.gateway.snapshot.snapshot import Snapshot
from penstock.gateway.target import Target
from penstock.gateway.targets import TargetSource
from penstock.kernel.errors import Forbidden, InvalidRequest, NotFound
from penstock.rules.call import Operation
from penstock.rules.models.patterns import allows, may_use
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.passed_call import query_of
from penstock.rules.provider_ids import IdKind, IdSigner, ProviderId
from penstock.rules.snapshot.access import KeyContext
from penstock.spi.kept import KeptFormat, UploadedForm

PROVIDER_HEADER: Final = "x-penstock-provider"  # names the provider of an upload
_ID: Final = re.compile(r"/v1/(?:files|batches|responses)/([^/]+)")
_LISTS: Final = (Operation.FILE_LIST, Operation.BATCH_LIST)
_KINDS: Final = {"batch": IdKind.BATCH, "response": IdKind.RESPONSE}  # else files


class FindKept:
    """Finds the target of a call about what a provider keeps."""

    def __init__(self, targets: TargetSource) -> None:
        self._targets = targets

    async def __call__(
        self, call: Call, snapshot: Snapshot, key_context: KeyContext, head: RequestHead
    ) -> Target:
        """Raises `NotFound` for an id that is not one of this project, `Forbidden`, and
        `InvalidRequest`, also with the line of a batch file."""
        if key_context.token is not None:
            raise Forbidden(
                "A client token is not for what providers keep.", code="model_not_allowed"
            )
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
        call.head = structs.replace(head, model=found.model)
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
        find = partial(verified, snapshot, key_context.project_id)
        if call.operation == Operation.BATCH_CREATE:
            found = find(IdKind.FILE, kept_format.read_input_id(call.body))
            if not found.model:
                raise InvalidRequest(
                    "This file is no input of a batch.",
                    hint="Upload it with the purpose `batch`, so that its requests are checked.",
                    code="not_a_batch_file",
                    param="input_file_id",
                )
            return found
        named = _ID.match(call.path)
        kind = _KINDS.get(call.operation.partition("_")[0], IdKind.FILE)
        return find(kind, named[1] if named else "")

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
        own = with_credential(match, found.credential)
        target = self._targets.find(project, own, found.model, dialect)
        if target.plugin.dialect != dialect:
            raise Forbidden(
                f"The provider {found.provider!r} keeps nothing of this kind.",
                hint="If it has OpenAI's API for files and batches, set its quirk `files=yes`; for"
                " responses `responses=yes`.",
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
    query = query_of(call.query) if call.operation in STORED else ""
    if "stream=true" in query.split("&"):
        raise InvalidRequest(
            "The gateway does not stream a response that is stored.",
            hint="Get it without 'stream', again until its status is no longer in_progress.",
            code="stream_not_served",
            param="stream",
        )
    kept = KeptCall(kept_format, call.operation, call.method, path, found.model, input_id, signer)
    return replace(kept, query=query)


def _read_form(call: Call, kept_format: KeptFormat) -> UploadedForm:
    content = call.upload.content() if call.upload is not None else call.body
    return kept_format.read_upload(call.headers.get(b"content-type", b""), content)


def _no_list() -> InvalidRequest:
    return InvalidRequest(
        "The gateway lists no files and no batches: projects share the provider's account, and"
        " nothing there says to whom each belongs.",
        hint="The server lists the batches of a project: `penstock batch list`, or"
        " GET /api/v1/projects/{project_id}/batches. Keep the ids of files.",
        code="list_not_served",
    )


def _not_allowed(model: str, patterns: tuple[str, ...]) -> Forbidden:
    return Forbidden(
        f"This key may not call the model {model!r}.",
        hint=f"It may call: {', '.join(patterns)}.",
        code="model_not_allowed",
        param="model",
    )
