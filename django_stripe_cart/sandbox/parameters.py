"""The types of API parameters, and their validation."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from django_stripe_cart.sandbox.currencies import CURRENCIES, MAXIMUM
from django_stripe_cart.sandbox.errors import (
    ApiError,
    invalid_integer,
    parameter_missing,
    parameter_unknown,
)

INTEGER = re.compile(r"^-?\d{1,18}$")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")
METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500


class Parameter(Protocol):
    """A type of API parameter. `clean` validates and converts a value of this type."""

    def clean(self, value: Any, path: str) -> Any:
        """Validate, convert and return the value of the parameter `path`.

        Raise `ApiError` if the value is invalid.
        """


@dataclass(frozen=True)
class Text:
    """A text parameter. Its length is limited, and by default it must not be empty."""

    max_length: int = 5000
    may_be_empty: bool = False

    def clean(self, value: Any, path: str) -> str:
        """Return the string. Raise `ApiError` if it is empty or too long."""
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
    """An integer parameter within bounds."""

    minimum: int | None = None
    maximum: int | None = None

    def clean(self, value: Any, path: str) -> int:
        """Return the integer. Raise `ApiError` if it is malformed or out of bounds."""
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
    """A parameter with a non-negative amount of money, in the smallest unit of the currency."""

    def clean(self, value: Any, path: str) -> int:
        """Return the amount. Raise `ApiError` if it is negative or more than Stripe can charge."""
        number = Integer(minimum=0).clean(value, path)
        if number > MAXIMUM:
            raise ApiError(
                "This amount is more than Stripe can charge.", code="amount_too_large", param=path
            )
        return number


@dataclass(frozen=True)
class Boolean:
    """A boolean parameter, sent as `true` or `false`."""

    def clean(self, value: Any, path: str) -> bool:
        """Return the boolean. Raise `ApiError` if it is anything but `true` or `false`."""
        if value not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {value}", param=path)
        return bool(value == "true")


@dataclass(frozen=True)
class OneOf:
    """A parameter with a fixed set of strings as choices."""

    choices: Sequence[str]

    def clean(self, value: Any, path: str) -> str:
        """Return the string. Raise `ApiError` if it is not one of the choices."""
        if value not in self.choices:
            raise ApiError(f"Invalid {path}: must be one of {', '.join(self.choices)}", param=path)
        return str(value)


@dataclass(frozen=True)
class Currency:
    """A parameter with a currency code."""

    def clean(self, value: Any, path: str) -> str:
        """Return the currency code in lower case.

        Raise `ApiError` if Stripe does not support the currency.
        """
        code = Text().clean(value, path).lower()
        if code not in CURRENCIES:
            raise ApiError(f"Invalid currency: {code}", param=path)
        return code


@dataclass(frozen=True)
class Email:
    """A parameter with an e-mail address."""

    def clean(self, value: Any, path: str) -> str:
        """Return the e-mail address. Raise `ApiError` if it is malformed."""
        text = Text(max_length=800).clean(value, path)
        if not EMAIL.match(text):
            raise ApiError(f"Invalid email address: {text}", code="email_invalid", param=path)
        return text


@dataclass(frozen=True)
class Url:
    """A parameter with an absolute URL.

    With `https_only`, the URL must use HTTPS. This is for images, which Stripe fetches itself.
    """

    https_only: bool = False
    max_length: int = 5000

    def clean(self, value: Any, path: str) -> str:
        """Return the URL. Raise `ApiError` if it is not an absolute HTTP or HTTPS URL."""
        text = Text(max_length=self.max_length).clean(value, path)
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
    """A parameter whose value is not validated."""

    def clean(self, value: Any, path: str) -> Any:
        """Return the value unchanged."""
        return value


@dataclass(frozen=True)
class Metadata:
    """A metadata parameter with up to 50 keys.

    A key has up to 40 characters. A value has up to 500 characters.
    """

    def clean(self, value: Any, path: str) -> dict[str, str]:
        """Return the metadata without empty values. Raise `ApiError` if a limit is exceeded."""
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise ApiError(f"Invalid {path}: metadata must be a set of key-value pairs", param=path)
        if len(value) > METADATA_KEYS:
            raise ApiError(f"You can only specify up to {METADATA_KEYS} metadata keys", param=path)
        for key in value:
            if len(key) > METADATA_KEY_LENGTH:
                raise ApiError(
                    f"Metadata keys can be up to {METADATA_KEY_LENGTH} characters long: {key}",
                    param=path,
                )
        text = Text(METADATA_VALUE_LENGTH, may_be_empty=True)
        read = {key: text.clean(inner, f"{path}[{key}]") for key, inner in value.items()}
        return {key: inner for key, inner in read.items() if inner}


@dataclass(frozen=True)
class ListOf:
    """A list parameter, sent as `name[0]=…&name[1]=…`. All items have the same type."""

    item: Parameter
    maximum: int | None = None

    def clean(self, value: Any, path: str) -> list[Any]:
        """Return the converted items.

        Raise `ApiError` if an item is invalid, or if there are too many items.
        """
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise ApiError("Invalid array", param=path)
        if self.maximum is not None and len(value) > self.maximum:
            raise ApiError(
                f"Array {path} exceeded maximum {self.maximum} allowed elements.", param=path
            )
        keys = sorted(value, key=int)
        return [self.item.clean(value[key], f"{path}[{i}]") for i, key in enumerate(keys)]


@dataclass(frozen=True)
class Hash:
    """A parameter with named fields. Each field has its own type. Unknown fields are refused."""

    fields: Mapping[str, Parameter]
    required: Sequence[str] = ()

    def clean(self, value: Any, path: str = "") -> dict[str, Any]:
        """Return the converted fields.

        Raise `ApiError` if a field is unknown, missing or invalid.
        """
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=path)
        unknown = [_nested_name(path, name) for name in value if name not in self.fields]
        if unknown:
            raise parameter_unknown(unknown)
        for name in self.required:
            if name not in value:
                raise parameter_missing(_nested_name(path, name))
        return {
            name: self.fields[name].clean(inner, _nested_name(path, name))
            for name, inner in value.items()
        }


def _nested_name(path: str, name: str) -> str:
    """Return the full name of a nested field, as Stripe writes it: `path[name]`."""
    return f"{path}[{name}]" if path else name


EXPAND = ListOf(Text())
RETRIEVE = Hash({"expand": EXPAND})
