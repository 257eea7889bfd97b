"""An e-mail address, if it is one that both Stripe and every database take."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST = 254  # RFC 5321, and our column


def valid_email(email: str) -> str:
    """Return ``email``, or nothing if it is not valid: Stripe would refuse the whole order."""
    try:
        validate_email(email)
    except ValidationError:
        return ""
    is_plain = email.isascii() and "." in email.rpartition("@")[2].strip("[]0123456789.")
    return email if is_plain and len(email) <= LONGEST else ""
