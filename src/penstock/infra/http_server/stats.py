"""The counters of the HTTP server."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class HttpStats:
    """`open_count` is the current number; the others only grow."""

    open_count: int = 0
    refused_count: int = 0
    closed_idle_count: int = 0
    timed_out_count: int = 0
    bad_request_count: int = 0

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Returns name → (help, value)."""
        return {
            "http_connections": ("Open connections.", self.open_count),
            "http_refused": ("Requests and connections rejected at a limit.", self.refused_count),
            "http_closed_idle": (
                "Idle connections closed in favour of new ones.",
                self.closed_idle_count,
            ),
            "http_timed_out": ("Connections closed by a timeout.", self.timed_out_count),
            "http_bad_requests": ("Malformed requests.", self.bad_request_count),
        }
