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


@dataclass(frozen=True)
class Metadata:
    """Up to 50 keys, of up to 40 characters, with values of up to 500 characters."""

    def read(self, value: Any, path: str) -> dict[str, str]:
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
        read = {key: text.read(inner, f"{path}[{key}]") for key, inner in value.items()}
        return {key: inner for key, inner in read.items() if inner}


@dataclass(frozen=True)
class ListOf:
    """A list, encoded as `name[0]=…&name[1]=…`."""

    item: Parameter
    maximum: int | None = None

    def read(self, value: Any, path: str) -> list[Any]:
        if value == "":
            return []
        if not isinstance(value, dict) or not all(key.isdigit() for key in value):
            raise ApiError("Invalid array", param=path)
        if self.maximum is not None and len(value) > self.maximum:
            raise ApiError(
                f"Array {path} exceeded maximum {self.maximum} allowed elements.", param=path
            )
        keys = sorted(value, key=int)
        return [self.item.read(value[key], f"{path}[{i}]") for i, key in enumerate(keys)]


@dataclass(frozen=True)
class Hash:
    """An object with named fields; unknown fields are refused."""

    fields: Mapping[str, Parameter]
    required: Sequence[str] = ()

    def read(self, value: Any, path: str = "") -> dict[str, Any]:
        if value == "":
            return {}
        if not isinstance(value, dict):
            raise ApiError("Invalid object", param=path)
        unknown = [_join(path, name) for name in value if name not in self.fields]
        if unknown:
            raise parameter_unknown(unknown)
        for name in self.required:
            if name not in value:
                raise parameter_missing(_join(path, name))
        return {
            name: self.fields[name].read(inner, _join(path, name)) for name, inner in value.items()
        }


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


EXPAND = ListOf(Text())
CREATED = {operator: Integer() for operator in ("gt", "gte", "lt", "lte")}


@dataclass(frozen=True)
class Created:
    """A timestamp, or a range of timestamps."""

    def read(self, value: Any, path: str) -> dict[str, int]:
        if isinstance(value, dict):
            return Hash(CREATED).read(value, path)
        moment = Integer().read(value, path)
        return {"gte": moment, "lte": moment}


def list_parameters(**filters: Parameter) -> Hash:
    """Return the parameters of a list endpoint: pagination, and these filters."""
    return Hash(
        {
            "limit": Integer(minimum=1, maximum=100),
            "starting_after": Text(),
            "ending_before": Text(),
            "created": Created(),
            "expand": EXPAND,
            **filters,
        }
    )


RETRIEVE = Hash({"expand": EXPAND})
