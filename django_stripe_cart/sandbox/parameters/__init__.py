"""Declarations of API parameters, and their validation."""

from django_stripe_cart.sandbox.parameters.structures import (
    EXPAND,
    RETRIEVE,
    Hash,
    ListOf,
    Metadata,
    list_parameters,
)
from django_stripe_cart.sandbox.parameters.values import (
    EMAIL,
    Amount,
    Anything,
    Boolean,
    Currency,
    Email,
    Integer,
    OneOf,
    Parameter,
    Text,
    Url,
)

__all__ = [
    "EMAIL",
    "EXPAND",
    "RETRIEVE",
    "Amount",
    "Anything",
    "Boolean",
    "Currency",
    "Email",
    "Hash",
    "Integer",
    "ListOf",
    "Metadata",
    "OneOf",
    "Parameter",
    "Text",
    "Url",
    "list_parameters",
]
