"""The page of exceptions has each one, with its bases and its code."""

from __future__ import annotations

import inspect
import re

from django_stripe_cart import exceptions
from django_stripe_cart.exceptions import StripeCartError
from tests.docs.pages import read

PAGE = read("docs/reference/exceptions.md")
ROW = re.compile(r"^\| `(\w+)` \| (`.+?`) \| (?:`(\w+)`)? ?\| \S", re.M)

EXCEPTIONS = {
    name: value
    for name, value in vars(exceptions).items()
    if inspect.isclass(value) and value.__module__ == exceptions.__name__
}


def test_every_exception_is_described_with_its_bases() -> None:
    described = {name: re.findall(r"`(\w+)`", bases) for name, bases, _code in ROW.findall(PAGE)}

    assert described == {
        name: [base.__name__ for base in value.__bases__] for name, value in EXCEPTIONS.items()
    }


def test_every_error_declares_a_code_of_its_own_which_is_described() -> None:
    described = {name: code for name, _bases, code in ROW.findall(PAGE) if code}

    assert described == {
        name: vars(value)["code"]
        for name, value in EXCEPTIONS.items()
        if issubclass(value, StripeCartError)
    }
    assert len(set(described.values())) == len(described)
