"""Signatures of webhooks."""

import hashlib
import hmac
from collections.abc import Sequence


def sign(body: bytes, secrets: str | Sequence[str], *, timestamp: int) -> str:
    """Return the header `Stripe-Signature` for a body, with one signature for each secret."""
    several = [secrets] if isinstance(secrets, str) else secrets
    marks = [f"v1={_digest(body, secret, timestamp)}" for secret in several]
    return ",".join([f"t={timestamp}", *marks])


def _digest(body: bytes, secret: str, timestamp: int) -> str:
    """Return the signature of a timestamp and a body, as a hexadecimal string."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
