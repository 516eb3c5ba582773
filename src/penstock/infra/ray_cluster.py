"""A Ray cluster that runs functions of this package. Ray is optional, and imported here only."""

import asyncio
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from penstock.kernel.errors import SetupError, UpstreamFailed

MAX_TRIES: Final = 8  # of a task whose machine is lost
_HINT: Final = "Start it with `ray start`, or empty the setting evaluation.ray_address."


class RayCluster:
    """Runs one function with bytes for bytes, on the machines of a cluster. Each of them needs this
    version of the package. A task whose machine is lost is run again on another one."""

    def __init__(self, address: str, function: Callable[[bytes], bytes]) -> None:
        self._address = address
        self._function = function
        self._ray: Any = None
        self._remote: Any = None

    def connect(self) -> int:
        """Connects, unless it is connected, and returns the number of processors. Call it outside
        the main thread, whose signals Ray would take. Raises `SetupError` without Ray,
        `UpstreamFailed` without the cluster."""
        try:
            ray = self._ray = import_module("ray")
        except ImportError as error:
            raise SetupError(
                "evaluation.ray_address is set, but Ray is not installed.",
                hint="Install it: pip install 'penstock[ray]'.",
            ) from error
        try:
            if not ray.is_initialized():
                ray.init(address=self._address, log_to_driver=False, configure_logging=False)
            processors = int(ray.cluster_resources().get("CPU", 0))
        except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            raise UpstreamFailed(
                f"There is no Ray cluster at {self._address}: {_first_line(error)}", hint=_HINT
            ) from error
        self._remote = ray.remote(self._function).options(
            num_cpus=1, max_retries=MAX_TRIES, scheduling_strategy="SPREAD"
        )
        return max(1, processors)

    async def run(self, order: bytes) -> bytes:
        """Returns what the function returns. Raises `UpstreamFailed` if it fails there, or if the
        machines of all tries are lost."""
        reference = self._remote.remote(order)
        try:
            return await asyncio.wrap_future(reference.future())
        except asyncio.CancelledError:
            self._ray.cancel(reference, force=True)
            raise
        except self._ray.exceptions.RayError as error:
            raise UpstreamFailed(
                f"A Ray task failed: {_first_line(getattr(error, 'cause', None) or error)}",
                hint="Its machine needs this version of Penstock; look at the logs of Ray there.",
            ) from error

    def close(self) -> None:
        """Leaves the cluster, which ends the tasks that are under way."""
        if self._ray is not None:
            self._ray.shutdown()


def _first_line(error: object) -> str:
    return str(error).strip().partition("\n")[0][:500]
