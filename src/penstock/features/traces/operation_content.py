"""Reads requests and answers of OpenAI's operations beside chat, and of rerankings, by their
members. Never raises. Files are not in a record: what is known of them is shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Final

from penstock.features.traces.messages import MAX_PARTS, Message, Part, bounded, text_part
from penstock.features.traces.payload import Json, encode, items, mapping, string

_FILES: Final = ("file", "image", "image[]", "mask")
_DIGITS: Final = 4  # of a score
_LEFT_OUT: Final = "("  # the begin of what stands in place of base64


def input_messages(body: Mapping[str, Json]) -> list[Message]:
    """Returns what is asked: a prompt, texts, files, a query with its documents."""
    asked = [*_texts(body.get("input")), *_texts(body.get("prompt")), *_texts(body.get("query"))]
    files = [part for name in _FILES for part in _files(body.get(name))]
    if files:
        asked.append({"role": "user", "parts": files})
    documents = list(islice(map(_document, items(body.get("documents"))), MAX_PARTS))
    if documents:
        asked.append({"role": "document", "parts": documents})
    return bounded(asked)


def last_input(body: Mapping[str, Json]) -> Message | None:
    """Returns the last of the texts that are asked about."""
    found = _texts(body.get("input")) or _texts(body.get("prompt")) or _texts(body.get("query"))
    return found[-1] if found else None


def output_messages(answer: Json) -> list[Message]:
    """Returns what was made: text, images, ratings, a ranking, a file."""
    body = mapping(answer)
    data = [mapping(one) for one in items(body.get("data"))]
    parts = [
        *([text_part(body["text"])] if isinstance(body.get("text"), str) else []),
        *_image(body, "response:#", body),
        *(part for i, one in enumerate(data) for part in _image(one, f"response:#/data/{i}", body)),
        *_ratings(items(body.get("results")) or items(answer) or data),
        *(_files(body) if "content_type" in body and "size" in body else ()),
    ]
    return [{"role": "assistant", "parts": parts[:MAX_PARTS]}] if parts else []


def plain_text(text: str) -> list[Message]:
    """Returns an answer that is no JSON: a transcript, subtitles."""
    return [{"role": "assistant", "parts": [text_part(text)]}] if text else []


def _texts(value: Json) -> list[Message]:
    """One text, several, or lists of token ids; or one list of parts of a message."""
    if isinstance(value, str):
        return [{"role": "user", "parts": [text_part(value)]}]
    values = items(value)
    if values and isinstance(values[0], int):
        return [{"role": "user", "parts": [_text_or_ids(values)]}]
    if any(isinstance(one, dict) for one in values):
        return [{"role": "user", "parts": [_part(one) for one in values[:MAX_PARTS]]}]
    return [{"role": "user", "parts": [_text_or_ids(one)]} for one in values[:MAX_PARTS]]


def _text_or_ids(value: Json) -> Part:
    if isinstance(value, str):
        return text_part(value)
    return {"type": "token_ids", "count": len(items(value))}


def _part(value: Json) -> Part:
    part = mapping(value)
    url = string(mapping(part.get("image_url")).get("url"))
    if url.startswith(("http://", "https://")):
        return {"type": "uri", "modality": "image", "uri": url}
    if isinstance(part.get("text"), str):
        return text_part(part["text"])
    return text_part(value) if isinstance(value, str) else {"type": "unparsed", "content": value}


def _document(value: Json) -> Part:
    text = mapping(value).get("text", value)
    return text_part(text) if isinstance(text, str) else {"type": "unparsed", "content": value}


def _files(value: Json) -> Iterator[Part]:
    """The files of one field, as the record describes them: name, type, size."""
    for one in items(value) or [value]:
        file = mapping(one)
        if isinstance(size := file.get("size"), int):
            known = [string(file.get(name)) for name in ("filename", "content_type")]
            text = ", ".join(filter(None, [*known, f"{size} bytes"]))
            yield {"type": "cut", "content": f"A file that is not recorded: {text}."}


def _image(image: Mapping[str, Json], pointer: str, answer: Mapping[str, Json]) -> Iterator[Part]:
    if isinstance(url := image.get("url"), str):
        yield {"type": "uri", "modality": "image", "uri": url}
    data = string(image.get("b64_json"))
    kind = string(answer.get("output_format")) or "png"
    if data.startswith(_LEFT_OUT):
        yield {"type": "cut", "content": f"An image that is not recorded: {kind}, {data}."}
    elif data:
        yield {
            "type": "uri",
            "modality": "image",
            "mime_type": f"image/{kind}",
            "uri": f"{pointer}/b64_json",
        }


def _ratings(results: Sequence[Json]) -> Iterator[Part]:
    for one in results:
        for result in items(one) or [one]:
            if (part := _rating(mapping(result))) is not None:
                yield part


def _rating(result: Mapping[str, Json]) -> Part | None:
    """One result: of a reranking its place and score, of a moderation the flagged categories, of a
    classification the label."""
    categories = mapping(result.get("categories"))
    if categories:
        flagged = [name for name, flag in categories.items() if flag is True]
        return text_part(f"flagged: {', '.join(flagged)}" if flagged else "not flagged")
    score = result.get("relevance_score", result.get("score"))
    labels = [string(result.get(name)) for name in ("word", "label", "entity_group", "entity")]
    place = " ".join(filter(None, labels))
    if isinstance(score, int | float):
        shown = round(score, _DIGITS) if isinstance(score, float) else score
        return text_part(f"{place or 'document ' + encode(result.get('index'))}: {encode(shown)}")
    return text_part(place) if place else None
