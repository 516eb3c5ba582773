"""Builds the vertical of dry runs."""

from penstock.features.access import Guards
from penstock.features.dry_runs.http import dry_run_routes
from penstock.features.dry_runs.service import DryRuns
from penstock.features.vertical import Vertical
from penstock.spi.http import Fetch


def build(guards: Guards, fetch: Fetch, gateway_url: str, token: str) -> Vertical:
    """Builds the vertical. `token` is the gateway token."""
    dry_runs = DryRuns(fetch, gateway_url, token)
    return Vertical(routers=(dry_run_routes(guards.require, dry_runs),))
