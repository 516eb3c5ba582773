"""The library for applications: prompts with a cache and a fallback; scores, outcomes and feedback
in the background; client tokens; datasets; evaluation runs. It imports no part of server and
gateway.
"""

from penstock.rules.client_tokens import IssuedClientToken
from penstock.rules.render.prompt import RenderedPrompt
from penstock.sdk.chains import Chain
from penstock.sdk.client import Penstock
from penstock.sdk.client_tokens import ClientTokens
from penstock.sdk.datasets import Datasets
from penstock.sdk.evaluations import Evaluations
from penstock.sdk.prompt import Prompt

__all__ = [
    "Chain",
    "ClientTokens",
    "Datasets",
    "Evaluations",
    "IssuedClientToken",
    "Penstock",
    "Prompt",
    "RenderedPrompt",
]
