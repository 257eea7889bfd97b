"""The page on a model of one's own: what its class does, and what a ``LineItem`` has."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any

import pytest

from django_stripe_cart.exceptions import ProductUnavailable
from django_stripe_cart.line_items import LineItem
from tests.docs.namespace import isolated, namespace
from tests.docs.pages import examples, read

PAGE = "docs/how-to/own-product-model.md"
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| (.*?) ?\| \S", re.M)


def example_of(name: str) -> Any:
    variables = namespace()
    (example,) = [one for one in examples("python") if one.page == PAGE and f"{name}(" in one.text]
    with isolated(variables):
        exec(example.text, variables)
        return variables[name]


def test_the_print_is_sold_by_its_title_and_hidden_until_it_is_published() -> None:
    print_model = example_of("Print")
    published = print_model(title="Moon", cents=1250, copies=3, is_published=True)
    hidden = print_model(title="Sun", cents=1250)

    assert published.as_line_item() == LineItem("Moon", 1250, "eur", sku="print-None")
    with pytest.raises(ProductUnavailable):
        hidden.as_line_item()
    assert str(hidden) == "Sun"
    assert "is_published" in str(print_model._default_manager.all().active().query.where)


def test_every_field_of_a_line_item_is_described() -> None:
    shown = [(name, kind, default.strip("`")) for name, kind, default in ROW.findall(read(PAGE))]

    assert shown == [
        (
            field.name,
            field.type,
            "" if field.default is MISSING else repr(field.default).replace("'", '"'),
        )
        for field in fields(LineItem)
    ]
