"""The replaceable parts of a worker. A new surface is an element of `built_in_surfaces`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from penstock.plugins.surfaces.anthropic import AnthropicSurface
from penstock.plugins.surfaces.classify import ClassifySurface
from penstock.plugins.surfaces.gemini import GeminiSurface
from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.plugins.surfaces.openai_files import OpenAIFilesSurface, StoredResponsesSurface
from penstock.plugins.surfaces.openai_media import OpenAIMediaSurface
from penstock.plugins.surfaces.passthrough import PassThroughSurface
from penstock.plugins.surfaces.rerank import RerankSurface
from penstock.plugins.surfaces.responses import ResponsesSurface
from penstock.spi.surface import Surface


def built_in_surfaces() -> tuple[Surface, ...]:
    """All surfaces. The first one whose prefix matches answers unknown paths."""
    return (
        PassThroughSurface(),
        AnthropicSurface(),
        StoredResponsesSurface(),
        ResponsesSurface(),
        OpenAIMediaSurface(),
        OpenAIFilesSurface(),
        RerankSurface(),
        ClassifySurface(),
        OpenAISurface(),
        GeminiSurface(),
    )


def _ignore(step: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Extensions:
    """`on_step` receives the name of each step of the spool: the fault points of drills."""

    surfaces: Sequence[Surface] = field(default_factory=built_in_surfaces)
    on_step: Callable[[str], None] = _ignore
