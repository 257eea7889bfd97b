"""The page of exceptions has each one, with its bases."""

from __future__ import annotations

import inspect
import re

from django_stripe_cart import exceptions
from tests.docs.pages import read

PAGE = read("docs/reference/exceptions.md")
ROW = re.compile(r"^\| `(\w+)` \| (`.+?`) \| \S", re.M)


def test_every_exception_is_described_with_its_bases() -> None:
    described = {name: re.findall(r"`(\w+)`", bases) for name, bases in ROW.findall(PAGE)}

    assert described == {
        name: [base.__name__ for base in value.__bases__]
        for name, value in vars(exceptions).items()
        if inspect.isclass(value) and value.__module__ == exceptions.__name__
    }
