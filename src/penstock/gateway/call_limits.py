"""Limits of one gateway worker. The time limits of a provider are in its `ProviderEntry`."""

import msgspec

KIB = 1024
MIB = 1024 * KIB


class CallLimits(msgspec.Struct, frozen=True):
    """Sizes in bytes, durations in seconds.

    A caller that does not read costs the capture and the buffers of two sockets. With 200 such
    callers `capture_response_bytes` counts 200 times, which is why it is small.
    """

    max_in_flight: int = 1024
    project_share: float = 0.9  # of calls and body bytes, for a project that is alone
    key_share: float = 0.8  # of calls and body bytes, for a key that is alone
    held_body_bytes: int = 256 * MIB  # of bodies in memory, beyond the first 64 KiB of each
    max_body_bytes: int = 20 * MIB
    max_upload_bytes: int = 512 * MIB  # on disk; all uploads of the worker may use eight times this
    body_timeout_s: float = 30.0  # of an upload: for each MiB
    stuck_caller_s: float = 300.0  # a client that reads nothing for so long is disconnected
    keep_alive_s: float = 10.0  # a stream without an answer gets headers and a comment
    drain_s: float = 30.0
    small_answer_bytes: int = 64 * KIB  # read whole before the first byte is sent
    media_private_hosts: tuple[str, ...] = ()  # host:port that media may be fetched from
    capture_request_bytes: int = MIB
    capture_response_bytes: int = 128 * KIB
