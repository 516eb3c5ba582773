"""Builds the vertical of prompts."""

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.prompts.http.labels import comment_routes, label_routes, label_rule_routes
from penstock.features.prompts.http.prompts import (
    prompt_change_routes,
    prompt_routes,
    version_routes,
)
from penstock.features.prompts.service.comments import CommentService
from penstock.features.prompts.service.labels import LabelService
from penstock.features.prompts.service.prompts import PromptService
from penstock.features.vertical import Vertical


def build(context: Context, guards: Guards) -> Vertical:
    """Builds the vertical."""
    prompts, labels = PromptService(context), LabelService(context)
    return Vertical(
        routers=(
            # Before the routes with an id in the path: `labels` and `render` are no ids.
            label_rule_routes(guards.require, labels),
            label_routes(guards.require, labels),
            prompt_change_routes(guards.require, prompts),
            prompt_routes(guards.require, prompts),
            version_routes(guards.require, prompts),
            comment_routes(guards.require, CommentService(context)),
        )
    )
