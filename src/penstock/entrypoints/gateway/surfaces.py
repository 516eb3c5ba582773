"""The surfaces that every gateway serves. A new one is an element of this tuple."""

from penstock.plugins.surfaces.openai import OpenAISurface
from penstock.spi.surface import Surface


def built_in_surfaces() -> tuple[Surface, ...]:
    """All surfaces. The first one whose prefix matches answers unknown paths."""
    return (OpenAISurface(),)
