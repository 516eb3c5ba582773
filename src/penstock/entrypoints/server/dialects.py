"""The readers of the payloads that traces show, by dialect. `features/traces` reads OpenAI's."""

from typing import Final

from penstock.features.traces.neutral_content import DialectReader, DialectReaders
from penstock.rules.wire.anthropic import answer_reader as anthropic
from penstock.rules.wire.anthropic.blocks import DIALECT as ANTHROPIC
from penstock.rules.wire.anthropic.request_reader import read_request as read_anthropic
from penstock.rules.wire.bedrock import answer_reader as bedrock
from penstock.rules.wire.bedrock.request_writer import DIALECT as BEDROCK
from penstock.rules.wire.classification import DIALECT as CLASSIFY
from penstock.rules.wire.cohere import answer_reader as cohere
from penstock.rules.wire.cohere.request_writer import DIALECT as COHERE
from penstock.rules.wire.gemini import answer_reader as gemini
from penstock.rules.wire.gemini.parts import DIALECT as GEMINI
from penstock.rules.wire.gemini.request_reader import read_request as read_gemini
from penstock.rules.wire.openai.paths import FILES_DIALECT as OPENAI_FILES
from penstock.rules.wire.openai.paths import MEDIA_DIALECT as OPENAI_MEDIA
from penstock.rules.wire.openai.paths import STORED_DIALECT as STORED_RESPONSES
from penstock.rules.wire.replicate import answer_reader as replicate
from penstock.rules.wire.replicate.request_writer import DIALECT as REPLICATE
from penstock.rules.wire.rerank import DIALECT as RERANK
from penstock.rules.wire.responses import answer_reader as responses
from penstock.rules.wire.responses.request_reader import DIALECT as RESPONSES
from penstock.rules.wire.responses.request_reader import read_request as read_responses
from penstock.rules.wire.triton import answer_reader as triton
from penstock.rules.wire.triton.request_writer import DIALECT as TRITON

DIALECTS: Final[DialectReaders] = {
    ANTHROPIC: DialectReader(read_anthropic, anthropic.read_events),
    BEDROCK: DialectReader(answer=bedrock.read_events),
    CLASSIFY: DialectReader(plain=True),
    COHERE: DialectReader(answer=cohere.read_events),
    GEMINI: DialectReader(read_gemini, gemini.read_events),
    OPENAI_FILES: DialectReader(plain=True),
    OPENAI_MEDIA: DialectReader(plain=True),
    STORED_RESPONSES: DialectReader(plain=True),
    REPLICATE: DialectReader(answer=replicate.read_events),
    RERANK: DialectReader(plain=True),
    TRITON: DialectReader(answer=triton.read_events),
    RESPONSES: DialectReader(read_responses, responses.read_events),
}
