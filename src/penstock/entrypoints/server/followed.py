"""What the server needs to follow batches."""

from pathlib import Path

from penstock.features.batches.following import FollowPorts
from penstock.features.batches.model import FindProvider, Ingest, PriceRequest
from penstock.features.guardrails.assembly import has_policies
from penstock.features.identity.assembly import Identity
from penstock.infra.egress.client import Egress


def follow_ports(
    identity: Identity,
    egress: Egress,
    find_provider: FindProvider,
    *,
    ingest: Ingest,
    price: PriceRequest,
    uploads: Path,
) -> FollowPorts:
    """Returns the ports. Calls of a project with guardrail policies are recorded without content:
    nobody has checked it."""
    guarded = has_policies(identity.context)

    def may_capture(project_id: str) -> bool:
        captures = identity.projects.get(project_id).policy.capture_content
        return captures and not guarded(project_id)

    return FollowPorts(find_provider, egress, egress.open, ingest, price, may_capture, uploads)
