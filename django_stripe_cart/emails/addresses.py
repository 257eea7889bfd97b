"""Validate e-mail addresses, so that Stripe and every database accept them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

MAX_LENGTH = 254  # RFC 5321, and Order.email


def clean_email(email: str) -> str:
    """Return ``email`` if it is a valid address, or "".

    Stripe refuses to create a Checkout Session with an address that is not valid.
    """
    try:
        validate_email(email)
    except ValidationError:
        return ""
    is_plain = email.isascii() and "." in email.rpartition("@")[2].strip("[]0123456789.")
    return email if is_plain and len(email) <= MAX_LENGTH else ""
