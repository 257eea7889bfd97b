"""API keys: the sandbox accepts every test key, and refuses live keys."""

import base64
import binascii

from django_stripe_cart.sandbox.errors import ApiError

TEST_KEYS, LIVE_KEYS = ("sk_test_", "rk_test_"), ("sk_live_", "rk_live_")


def authenticate(header: str) -> None:
    """Raise `ApiError` if an `Authorization` header does not contain a test key."""
    scheme, _, value = header.partition(" ")
    key = _read_basic_key(value) if scheme.lower() == "basic" else value.strip()
    if not key:
        raise ApiError("You did not provide an API key.", status=401)
    if key.startswith(LIVE_KEYS):
        raise ApiError("This is a sandbox, and it refuses live keys. Use a test key.", status=401)
    if not key.startswith(TEST_KEYS):
        raise ApiError(f"Invalid API Key provided: {key[:8]}{'*' * 8}", status=401)


def _read_basic_key(value: str) -> str:
    """Return the API key, which is the user name of Basic authentication.

    Return an empty string if the credentials are malformed.
    """
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
