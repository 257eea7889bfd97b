"""The page of verbs has each public one, as it is called."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

import django_stripe_cart
from tests.docs.pages import read

PAGE = read("docs/reference/verbs.md")
CALL = re.compile(r"`(\w+\.\w+)\(([^)]*)\)`")


def modules() -> Iterator[ModuleType]:
    """The modules that the page names. Each says in ``__all__`` what is public in it."""
    for name in sorted({name.partition(".")[0] for name, _ in CALL.findall(PAGE)}):
        yield import_module(f"django_stripe_cart.{name}")


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in modules():
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value):
                yield f"{module.__name__.partition('.')[2]}.{name}", value


FUNCTIONS = dict(functions())


def test_every_verb_is_described_and_no_other() -> None:
    described = {name for name, _ in CALL.findall(PAGE)}

    assert described == FUNCTIONS.keys()


def test_no_module_with_verbs_is_left_out() -> None:
    """Of all that lies beside the pages' code, only these hand on functions for other uses."""
    others = {"admin", "checks", "doctor", "gateway", "models", "sandbox", "testing"}
    found = {
        info.name
        for info in pkgutil.iter_modules(django_stripe_cart.__path__)
        if info.name not in others
        and hasattr(import_module(f"django_stripe_cart.{info.name}"), "__all__")
    }

    assert found == {module.__name__.partition(".")[2] for module in modules()}


@pytest.mark.parametrize(("name", "shown"), CALL.findall(PAGE))
def test_a_verb_is_called_as_it_is_shown(name: str, shown: str) -> None:
    known = inspect.signature(FUNCTIONS[name]).parameters
    arguments = dict(argument.partition("=")[::2] for argument in shown.split(", ") if argument)
    needed = {key for key, parameter in known.items() if parameter.default is parameter.empty}

    assert needed <= arguments.keys() <= known.keys()
    for argument, default in arguments.items():
        if default not in ("", "…"):
            assert ast.literal_eval(default) == known[argument].default
        is_by_name = known[argument].kind is inspect.Parameter.KEYWORD_ONLY
        assert bool(default) >= is_by_name, f"{argument} is given by name"
