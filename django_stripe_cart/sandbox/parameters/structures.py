"""Nested parameters: objects, lists and metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django_stripe_cart.sandbox.errors import ApiError, parameter_missing, parameter_unknown
from django_stripe_cart.sandbox.parameters.values import Integer, Parameter, Text

METADATA_KEYS, METADATA_KEY_LENGTH, METADATA_VALUE_LENGTH = 50, 40, 500


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
    required: Sequence[str] = field(default=())

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
