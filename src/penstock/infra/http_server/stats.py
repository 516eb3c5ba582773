"""What the HTTP server counts."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class HttpStats:
    """`open_count` is the present number; the others only grow."""

    open_count: int = 0
    refused_count: int = 0
    closed_idle_count: int = 0
    timed_out_count: int = 0
    bad_request_count: int = 0

    def gauges(self) -> Mapping[str, tuple[str, float]]:
        """Name → (help, value)."""
        return {
            "http_connections": ("Open connections.", self.open_count),
            "http_refused": ("Requests and connections refused at a limit.", self.refused_count),
            "http_closed_idle": (
                "Idle connections closed to make room for new ones.",
                self.closed_idle_count,
            ),
            "http_timed_out": ("Connections closed at a time-out.", self.timed_out_count),
            "http_bad_requests": ("Requests refused as malformed.", self.bad_request_count),
        }
