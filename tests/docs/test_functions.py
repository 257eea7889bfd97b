"""The page of functions is made from the public functions, and no public one is left out."""

from __future__ import annotations

import inspect
import os
import pkgutil
from importlib import import_module

import pytest

import django_stripe_cart
from tests.docs.functions_page import MODULES, PAGE, functions, page


def test_the_page_is_made_from_signatures_and_docstrings() -> None:
    if os.environ.get("WRITE_DOCS"):
        PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")

    shown = PAGE.read_text("utf-8")

    assert shown == page(shown), "WRITE_DOCS=1 python -m pytest tests/docs/test_functions.py"


def test_no_module_with_public_functions_is_left_out() -> None:
    others = {"admin", "checks", "doctor", "gateway", "models", "sandbox", "testing"}
    found = {
        info.name
        for info in pkgutil.iter_modules(django_stripe_cart.__path__)
        if info.name not in others
        and hasattr(import_module(f"django_stripe_cart.{info.name}"), "__all__")
    }

    assert found == set(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_each_function_has_a_docstring_and_arguments_by_name(module: str) -> None:
    for function in functions(module):
        assert inspect.getdoc(function), function.__name__
        for parameter in list(inspect.signature(function).parameters.values())[3:]:
            assert parameter.kind is parameter.KEYWORD_ONLY, f"{function.__name__}: {parameter}"
