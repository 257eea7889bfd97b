"""Random ids in Stripe's format."""

import secrets
import string

ALPHABET = string.ascii_letters + string.digits


def random_token(length: int) -> str:
    """Return random letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_id(prefix: str, length: int = 24) -> str:
    """Return an id such as `pi_3Nx…`. Only session ids are longer, with 58 characters."""
    return f"{prefix}_{random_token(length)}"
