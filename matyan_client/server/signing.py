"""Tokens that only this repository's servers can have made: upload URLs, blob URIs.

The key is a random secret kept in the repository, so tokens outlive a restart and are valid at
every server of the same directory.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Signer"]

_SIGNATURE_BYTES = 32


class Signer:
    """Makes and checks tokens.

    Args:
        secret: returns the repository's secret; called when the first token is made or checked.
    """

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._read = secret
        self._secret = b""

    def sign(self, purpose: str, payload: bytes) -> str:
        """A token of URL-safe characters that holds `payload`, readable by anybody.

        Args:
            purpose: what it is for; it is of no use for anything else.
            payload: what it says.
        """
        return _encode(self._signature(purpose, payload) + payload)

    def verify(self, purpose: str, token: str) -> bytes | None:
        """The payload of a token, None if it was not made here for this purpose."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(purpose, payload)):
            return None
        return payload

    def _signature(self, purpose: str, payload: bytes) -> bytes:
        self._secret = self._secret or self._read()
        text = purpose.encode() + b"\x00" + payload
        return hmac.new(self._secret, text, hashlib.sha256).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
