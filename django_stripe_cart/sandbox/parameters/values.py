"""Scalar parameters: strings, numbers, URLs and others."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from django_stripe_cart.sandbox.currencies import CURRENCIES, MAXIMUM
from django_stripe_cart.sandbox.errors import ApiError, invalid_integer

INTEGER = re.compile(r"^-?\d{1,18}$")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")


class Parameter(Protocol):
    """A type of parameter. `path` is the full name, as in Stripe's error messages."""

    def read(self, value: Any, path: str) -> Any: ...


@dataclass(frozen=True)
class Text:
    """A string of limited length, by default not empty."""

    max_length: int = 5000
    may_be_empty: bool = False

    def read(self, value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise ApiError(f"Invalid string: {path} was given an object.", param=path)
        if not value and not self.may_be_empty:
            raise ApiError(
                f"An empty value for '{path}' would unset it, and it cannot be unset.",
                code="parameter_invalid_empty",
                param=path,
            )
        if len(value) > self.max_length:
            raise ApiError(
                f"Invalid string: {value[:20]}…; must be at most {self.max_length} characters",
                param=path,
            )
        return value


@dataclass(frozen=True)
class Integer:
    """A whole number within bounds."""

    minimum: int | None = None
    maximum: int | None = None

    def read(self, value: Any, path: str) -> int:
        if not isinstance(value, str) or not INTEGER.match(value):
            raise invalid_integer(f"Invalid integer: {value}", path)
        number = int(value)
        if self.minimum is not None and number < self.minimum:
            kind = "non-negative integer" if self.minimum == 0 else "positive integer"
            raise invalid_integer(f"Invalid {kind}", path)
        if self.maximum is not None and number > self.maximum:
            raise invalid_integer(f"This value must be at most {self.maximum}.", path)
        return number


@dataclass(frozen=True)
class Amount:
    """A non-negative amount in the smallest currency unit."""

    def read(self, value: Any, path: str) -> int:
        number = Integer(minimum=0).read(value, path)
        if number > MAXIMUM:
            raise ApiError(
                "This amount is more than Stripe can charge.", code="amount_too_large", param=path
            )
        return number


@dataclass(frozen=True)
class Boolean:
    def read(self, value: Any, path: str) -> bool:
        if value not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=path)
        return bool(value == "true")


@dataclass(frozen=True)
class OneOf:
    """One of several strings."""

    choices: Sequence[str]

    def read(self, value: Any, path: str) -> str:
        if value not in self.choices:
            raise ApiError(f"Invalid {path}: must be one of {', '.join(self.choices)}", param=path)
        return str(value)


@dataclass(frozen=True)
class Currency:
    def read(self, value: Any, path: str) -> str:
        code = Text().read(value, path).lower()
        if code not in CURRENCIES:
            raise ApiError(f"Invalid currency: {code}", param=path)
        return code


@dataclass(frozen=True)
class Email:
    def read(self, value: Any, path: str) -> str:
        text = Text(max_length=800).read(value, path)
        if not EMAIL.match(text):
            raise ApiError(f"Invalid email address: {text}", code="email_invalid", param=path)
        return text


@dataclass(frozen=True)
class Url:
    """An absolute URL; `https_only` for images, which Stripe fetches itself."""

    https_only: bool = False
    max_length: int = 5000

    def read(self, value: Any, path: str) -> str:
        text = Text(max_length=self.max_length).read(value, path)
        schemes = ["https"] if self.https_only else ["http", "https"]
        try:
            parts = urlsplit(text)
            is_valid = parts.scheme in schemes and bool(parts.hostname) and " " not in text
        except ValueError:
            is_valid = False
        if not is_valid:
            raise ApiError("Not a valid URL", code="url_invalid", param=path)
        return text


@dataclass(frozen=True)
class Anything:
    """Any value, without validation."""

    def read(self, value: Any, path: str) -> Any:
        return value
