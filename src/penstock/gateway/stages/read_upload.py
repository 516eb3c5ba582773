"""Stage 3 for uploads: receive the body to disk, within its limits."""

import asyncio
from typing import Final

from penstock.gateway.call import Call
from penstock.gateway.call_limits import MIB, CallLimits
from penstock.gateway.errors import ClientDisconnected
from penstock.gateway.stages.read import content_length
from penstock.gateway.uploads import UploadSpace
from penstock.kernel.errors import TooLarge
from penstock.rules.neutral.conversation import RequestHead
from penstock.rules.snapshot.access import KeyContext

STEP_BYTES: Final = MIB  # after which the body has its time again, and further disk is reserved


class ReadUpload:
    """Receives uploads. `release` ends each."""

    def __init__(self, space: UploadSpace, limits: CallLimits) -> None:
        self._space = space
        self._limits = limits

    async def __call__(self, call: Call, key_context: KeyContext) -> RequestHead:
        """Raises `TooLarge`, `Overloaded`, `RateLimited`. What the record shows of it, and its
        model, are found later."""
        most = self._limits.max_upload_bytes
        expected = content_length(call)
        if expected > most:
            raise _too_large(most)
        upload = call.upload = self._space.open()
        call.reading_since = call.entered
        try:
            while True:
                message = await call.receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnected("The client disconnected while it sent its file.")
                piece: bytes = message.get("body", b"")
                if upload.size + len(piece) > most:
                    raise _too_large(most)
                self._reserve(call, key_context, upload.size + len(piece))
                upload.add(piece)
                if upload.size == expected or not message.get("more_body", False):
                    break
        finally:
            call.reading_since = 0.0
            call.request_size = upload.size
        head = call.head = RequestHead("")
        return head

    def release(self, call: Call) -> None:
        """Frees the disk of a call."""
        if call.upload is not None:
            call.upload.close()
            call.upload = None
        if call.upload_bytes and (key_context := call.key_context) is not None:
            self._space.release(key_context.project_id, key_context.key.id, call.upload_bytes)
            call.upload_bytes = 0

    def _reserve(self, call: Call, key_context: KeyContext, size: int) -> None:
        """Reserves disk in steps; with each step the client has shown that it sends."""
        if size > call.upload_bytes:
            more = max(STEP_BYTES, size - call.upload_bytes)
            self._space.take(key_context.project_id, key_context.key.id, more)
            call.upload_bytes += more
            call.reading_since = asyncio.get_running_loop().time()


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"The upload is larger than {most} bytes.", hint="Upload a smaller file.")
