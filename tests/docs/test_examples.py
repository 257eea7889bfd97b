"""Every example of the documentation runs."""

from __future__ import annotations

import inspect
import unittest
from collections.abc import Callable
from itertools import groupby
from typing import Any

import django
import pytest
from django.template import engines
from django.test import RequestFactory, TestCase

from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.templatetags.stripe_cart import ProductCard
from tests.docs.pages import Example, examples
from tests.docs.surroundings import names, surroundings
from tests.shopping import Browser

pytestmark = pytest.mark.django_db

PYTHON = {page: list(found) for page, found in groupby(examples("python"), lambda one: one.page)}
TEMPLATES = list(examples("html+django"))
# A page whose examples need what is newer than the oldest Django.
NEWER = ("from django.tasks",)


def test_there_are_examples() -> None:
    assert len(PYTHON) > 5
    assert TEMPLATES


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs(
    page: str,
    make_order: Callable[..., Order],
    sandbox: Sandbox,
    user: Any,
    request: pytest.FixtureRequest,
) -> None:
    order = make_order("paid", user=user)
    given = names(order=order, user=user, sandbox=sandbox, make_order=make_order)

    with surroundings():
        for example in PYTHON[page]:
            if django.VERSION < (6, 0) and any(word in example.text for word in NEWER):
                continue
            before = set(given)
            run(example, given)
            for name in sorted(given.keys() - before):
                run_tests(given[name], request)


def run_tests(found: Any, request: pytest.FixtureRequest) -> None:
    """An example may be a test itself."""
    if inspect.isfunction(found) and found.__name__.startswith("test_"):
        found(
            **{name: request.getfixturevalue(name) for name in inspect.signature(found).parameters}
        )
    elif inspect.isclass(found) and issubclass(found, TestCase) and found is not TestCase:
        for name in unittest.defaultTestLoader.getTestCaseNames(found):
            # By hand: Django's own way closes the database connection of the test around it.
            case = found(name)
            case.setUp()
            getattr(case, name)()
            case.doCleanups()


def run(example: Example, given: dict[str, Any]) -> None:
    # So that an error names the page and the line.
    source = "\n" * (example.line - 1) + example.text.replace("…", "123")
    exec(compile(source, example.page, "exec"), given)


@pytest.mark.parametrize("example", TEMPLATES, ids=str)
def test_a_template_renders(example: Example, browser: Browser, mug: Product) -> None:
    request = RequestFactory().get("/")
    request.user = browser.user
    request.session = browser.client.session
    template = engines["django"].from_string(example.text)

    card = ProductCard(mug, mug.as_line_item())
    order = Order(currency="inr", total=49900)
    page = template.render({"product": mug, "card": card, "order": order}, request)

    assert "stripe-cart" in page or "{% block" in example.text
