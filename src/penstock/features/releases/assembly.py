"""Builds the vertical of releases."""

from collections.abc import Callable, Collection, Sequence

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.releases.http import release_routes
from penstock.features.releases.model import ListedModels
from penstock.features.releases.service import PromptVersions, ReleaseService, get_release
from penstock.features.releases.store import find_releases, load_bundles
from penstock.features.vertical import Vertical

__all__ = ["build", "find_releases", "get_release", "load_bundles", "open_releases"]


def open_releases(
    context: Context,
    prompts: PromptVersions,
    listed_models: Callable[[str], ListedModels],
    route_names: Callable[[str], Collection[str]],
    rollouts_of: Callable[[str, str], Sequence[tuple[str, str]]],
) -> ReleaseService:
    """Returns the service; rollouts need it, too."""
    return ReleaseService(context, prompts, listed_models, route_names, rollouts_of)


def build(guards: Guards, releases: ReleaseService) -> Vertical:
    """Builds the vertical."""
    return Vertical(routers=(release_routes(guards.require, releases),))
