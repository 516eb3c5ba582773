"""The library for applications: prompts with a cache and a fallback. It imports no part of server
and gateway.
"""

from penstock.rules.render.prompt import RenderedPrompt
from penstock.sdk.client import Penstock
from penstock.sdk.prompt import Prompt

__all__ = ["Penstock", "Prompt", "RenderedPrompt"]
