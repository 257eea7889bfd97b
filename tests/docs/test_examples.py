"""Every example of the documentation runs, or is held against what it shows.

Those in console are in ``test_commands``, those in html+django in ``test_templates``, and those in
js in ``tests/browser/test_examples.py``.
"""

from __future__ import annotations

import inspect
import json
import re
import unittest
from collections.abc import Callable
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import django
import pytest
from django.db import transaction
from django.test import TestCase

import django_stripe_cart
from django_stripe_cart.models import Order, Product
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product
from tests.docs.namespace import isolated, namespace
from tests.docs.pages import Example, examples, pages

pytestmark = pytest.mark.django_db

PYTHON = {page: list(found) for page, found in groupby(examples("python"), lambda one: one.page)}
# Each is looked at by a test; a text is a drawing of the line, or what a command prints.
LANGUAGES = {"console", "css", "html+django", "js", "json", "po", "python", "text"}
PACKAGE = Path(django_stripe_cart.__file__).parent
# A page with examples that need a newer Django than the oldest supported one.
NEWER = ("from django.tasks",)


def test_there_are_no_examples_but_those_that_are_tested() -> None:
    fences = sum(path.read_text("utf-8").count("```") for path in pages())
    found = list(examples())

    assert len(found) * 2 == fences
    assert {example.language for example in found} == LANGUAGES


@pytest.mark.parametrize("page", PYTHON)
def test_the_python_of_a_page_runs(
    page: str,
    make_order: Callable[..., Order],
    user: Any,
    request: pytest.FixtureRequest,
) -> None:
    order = make_order("paid", user=user, items={make_product("Bowl"): 3})
    variables = namespace(order=order, user=user, make_order=make_order)

    with isolated(variables):
        for example in PYTHON[page]:
            if django.VERSION < (6, 0) and any(word in example.text for word in NEWER):
                continue
            before = set(variables)
            run(example, variables)
            for name in sorted(variables.keys() - before):
                run_tests(variables[name], request)


# Django 6.1 renamed it, and warns of the old name.
create_savepoint = getattr(transaction, "savepoint_create", None) or transaction.savepoint


def run_tests(found: Any, request: pytest.FixtureRequest) -> None:
    """An example may be a test itself, which leaves no rows to the next."""
    if inspect.isfunction(found) and found.__name__.startswith("test_"):
        names = inspect.signature(found).parameters
        fixtures = {name: request.getfixturevalue(name) for name in names}
        before = create_savepoint()  # no atomic block: a durable one can't be nested in it
        found(**fixtures)
        transaction.savepoint_rollback(before)
    elif inspect.isclass(found) and issubclass(found, TestCase) and found is not TestCase:
        for name in unittest.defaultTestLoader.getTestCaseNames(found):
            # By hand: Django's own way closes the database connection of the test around it.
            case = found(name)
            case.setUp()
            getattr(case, name)()
            case.doCleanups()


def run(example: Example, variables: dict[str, Any]) -> None:
    # So that an error names the page and the line.
    source = "\n" * (example.line - 1) + example.text.replace("…", "123")
    exec(compile(source, example.page, "exec"), variables)


def test_json_is_sent_as_it_is_shown(
    browser: Browser, mug: Product, make_order: Callable[..., Order], user: Any
) -> None:
    message, cart, order = [json.loads(example.text) for example in examples("json")]
    paid = make_order("paid", user=user)
    json_wanted = {"accept": "application/json"}

    added = browser.client.post("/shop/cart/add/", {"product": mug.pk}, headers=json_wanted).json()
    shown = browser.client.get(paid.get_absolute_url(), headers=json_wanted).json()

    assert shape(added["messages"]) == shape([message])
    assert shape(added["cart"]) == shape(cart)
    assert shape(shown["order"]) == shape(order)


def shape(value: Any) -> Any:
    """The names, at every depth: the values are those of another shop."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(inner) for inner in value] if isinstance(value, list) else type(value)


def test_sentences_to_say_otherwise_are_in_the_catalog() -> None:
    catalog = (PACKAGE / "locale/de/LC_MESSAGES/django.po").read_text("utf-8")
    (example,) = examples("po")
    entries = re.findall(r'((?:msgctxt ".*"\n)?msgid ".*"\n)msgstr ".+"', example.text)

    assert len(entries) == 2
    for entry in entries:
        assert f"\n\n{entry}" in re.sub(r"^#.*\n", "", catalog, flags=re.M)


def test_a_variable_of_a_stylesheet_is_read_by_ours() -> None:
    ours = (PACKAGE / "static/stripe_cart/stripe_cart.css").read_text("utf-8")
    (example,) = examples("css")

    (variable,) = re.findall(r"(--[\w-]+):", example.text)
    assert f"var({variable}," in ours


def test_a_verb_is_in_the_module_that_is_drawn_beside_it() -> None:
    drawn = [
        found
        for example in examples("text")
        for found in re.findall(r"(\w+_\w+)(?:\([^)]*\))? {2,}(\w+)(?:/|\.py)", example.text)
    ]

    assert ("sync_order", "payments") in drawn
    for verb, module in drawn:
        assert verb in import_module(f"django_stripe_cart.{module}").__all__
