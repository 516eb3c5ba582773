"""Networks with a meaning to several parts."""

from typing import Final

LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
