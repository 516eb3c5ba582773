"""What Anthropic's format cannot express."""

from typing import Final

from penstock.rules.neutral.translation import Rule

_MESSAGES: Final = "https://platform.claude.com/docs/en/api/messages"
_VISION: Final = "https://platform.claude.com/docs/en/build-with-claude/vision"
_PDF: Final = "https://platform.claude.com/docs/en/build-with-claude/pdf-support"
_OUTPUTS: Final = "https://platform.claude.com/docs/en/build-with-claude/structured-outputs"

OTHER: Final = Rule("other", "Anthropic's API has no such part, tool or parameter.", _MESSAGES)
AUDIO: Final = Rule("audio", "Anthropic's API takes no audio.", _MESSAGES)
VIDEO: Final = Rule("video", "Anthropic's API takes no video.", _MESSAGES)
SYSTEM_MEDIA: Final = Rule("system.media", "Anthropic's system text has no media.", _MESSAGES)
ASSISTANT_MEDIA: Final = Rule(
    "assistant.media", "an assistant's message has no media in Anthropic's API.", _VISION
)
IMAGE_TYPE: Final = Rule(
    "image.media_type", "Anthropic's API takes images as JPEG, PNG, GIF or WebP.", _VISION
)
FILE_ID: Final = Rule(
    "file_id", "a file's id is known only to the provider that stores the file.", _PDF
)
DOCUMENT_TYPE: Final = Rule(
    "document.media_type", "Anthropic's API takes documents as PDF or plain text.", _PDF
)
JSON_WITHOUT_SCHEMA: Final = Rule(
    "output", "Anthropic's API has JSON output only with a schema.", _OUTPUTS
)
CHOICES: Final = Rule("choice_count", "Anthropic's API makes one answer to a request.", _MESSAGES)
RULES: Final = (
    *(OTHER, AUDIO, VIDEO, SYSTEM_MEDIA, ASSISTANT_MEDIA, FILE_ID, IMAGE_TYPE),
    *(DOCUMENT_TYPE, JSON_WITHOUT_SCHEMA, CHOICES),
)
