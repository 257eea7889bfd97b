"""Random ids in Stripe's format."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def random_token(length: int) -> str:
    """Return a random string of letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(prefix: str, length: int = 24) -> str:
    """Return a random id such as `pi_3Nx…`: a prefix, `_`, and `length` random characters."""
    return f"{prefix}_{random_token(length)}"
