"""Builds the vertical of prompts."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.prompts import history, store
from penstock.features.prompts.http.labels import comment_routes, label_routes, label_rule_routes
from penstock.features.prompts.http.prompts import (
    prompt_change_routes,
    prompt_move_routes,
    prompt_routes,
    version_routes,
)
from penstock.features.prompts.model import ResolvedPrompt
from penstock.features.prompts.service.comments import CommentService
from penstock.features.prompts.service.labels import LabelService
from penstock.features.prompts.service.moving import PromptMoves
from penstock.features.prompts.service.partials import load_partials
from penstock.features.prompts.service.prompts import PromptService
from penstock.features.vertical import Vertical


def prompt_versions(connection: Connection, project_id: str, digest: str) -> ResolvedPrompt | None:
    """Returns a version of a project by its content hash, with its partials; `None` if there is
    none. Raises `InvalidRequest` if a partial is gone."""
    found = store.find_content(connection, project_id, digest)
    prompt = store.find_prompt(connection, project_id, found[0]) if found else None
    version = store.find_hashed(connection, prompt.id, digest) if prompt else None
    if prompt is None or version is None:
        return None
    return ResolvedPrompt(prompt, version, load_partials(connection, project_id, version.content))


def comment_texts(
    connection: Connection, project_id: str, comment_ids: Collection[str]
) -> Mapping[str, str]:
    """Returns the texts of comments by their ids; notifications show them."""
    return history.comment_texts(connection, project_id, comment_ids)


def build(context: Context, guards: Guards) -> Vertical:
    """Builds the vertical."""
    prompts, labels = PromptService(context), LabelService(context)
    return Vertical(
        routers=(
            # Before the routes with an id in the path: `labels` and `render` are no ids.
            label_rule_routes(guards.require, labels),
            label_routes(guards.require, labels),
            prompt_move_routes(guards.require, PromptMoves(context)),
            prompt_change_routes(guards.require, prompts),
            prompt_routes(guards.require, prompts),
            version_routes(guards.require, prompts),
            comment_routes(guards.require, CommentService(context)),
        )
    )
