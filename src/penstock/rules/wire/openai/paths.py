"""The paths of OpenAI's API that are served: surfaces make their routes of them, providers their
addresses."""

from typing import Final, NamedTuple

from penstock.rules.call import Operation


class KeptPath(NamedTuple):
    """A path below `/v1` of what a provider keeps. `{id}` stands for one segment."""

    operation: Operation
    method: str
    path: str


class OpenAIPath(NamedTuple):
    """A path below `/v1`. `form`: a request may be a multipart form in place of JSON."""

    operation: Operation
    path: str
    form: bool = False


TEXT_PATHS: Final = (
    OpenAIPath(Operation.CHAT, "/chat/completions"),
    OpenAIPath(Operation.TEXT_COMPLETION, "/completions"),
    OpenAIPath(Operation.EMBEDDINGS, "/embeddings"),
    OpenAIPath(Operation.MODERATION, "/moderations"),
)
MEDIA_PATHS: Final = (
    OpenAIPath(Operation.IMAGE_GENERATION, "/images/generations"),
    OpenAIPath(Operation.IMAGE_EDIT, "/images/edits", form=True),
    OpenAIPath(Operation.SPEECH, "/audio/speech"),
    OpenAIPath(Operation.TRANSCRIPTION, "/audio/transcriptions", form=True),
    OpenAIPath(Operation.TRANSLATION, "/audio/translations", form=True),
)
MEDIA_DIALECT: Final = "openai_media"
KEPT_PATHS: Final = (
    KeptPath(Operation.FILE_UPLOAD, "POST", "/files"),
    KeptPath(Operation.FILE_LIST, "GET", "/files"),
    KeptPath(Operation.FILE_GET, "GET", "/files/{id}"),
    KeptPath(Operation.FILE_DELETE, "DELETE", "/files/{id}"),
    KeptPath(Operation.FILE_CONTENT, "GET", "/files/{id}/content"),
    KeptPath(Operation.BATCH_CREATE, "POST", "/batches"),
    KeptPath(Operation.BATCH_LIST, "GET", "/batches"),
    KeptPath(Operation.BATCH_GET, "GET", "/batches/{id}"),
    KeptPath(Operation.BATCH_CANCEL, "POST", "/batches/{id}/cancel"),
)
FILES_DIALECT: Final = "openai_files"
STORED_PATHS: Final = (
    KeptPath(Operation.RESPONSE_GET, "GET", "/responses/{id}"),
    KeptPath(Operation.RESPONSE_DELETE, "DELETE", "/responses/{id}"),
    KeptPath(Operation.RESPONSE_CANCEL, "POST", "/responses/{id}/cancel"),
    KeptPath(Operation.RESPONSE_ITEMS, "GET", "/responses/{id}/input_items"),
)
STORED_DIALECT: Final = "openai_responses"  # of responses that a provider has stored
