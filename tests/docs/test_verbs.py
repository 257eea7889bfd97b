"""The page of verbs has each public one, as it is called."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tests.docs.pages import read

PAGE = read("docs/reference/verbs.md")
CALL = re.compile(r"`(\w+\.\w+)\(([^)]*)\)`")

# Steps that our own views and commands take one by one.
STEPS = {
    "cart.add",
    "cart.have",
    "cart.remove",
    "cart.take_out",
    "cart.top_up",
    "endpoints.own_url",
    "endpoints.troubles",
    "guests.bring_settled",
    "privacy.carts_of",
    "privacy.is_known",
    "webhooks.receive",
    "webhooks.take",
}


def modules() -> Iterator[ModuleType]:
    """Those that lie between the pages and what the verbs are made of; and two below."""
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = contracts[0]["layers"]
    verbs = layers[layers.index("(shopper)") + 1 : layers.index("(payments)") + 1]
    for name in [*re.findall(r"\w+", " ".join(verbs)), "cart", "emails"]:
        yield import_module(f"django_stripe_cart.{name}")


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in modules():
        promised = getattr(module, "__all__", ())
        for name, value in vars(module).items():
            is_own = inspect.isfunction(value) and value.__module__ == module.__name__
            if name in promised or (is_own and not name.startswith("_")):
                yield f"{module.__name__.partition('.')[2]}.{name}", value


FUNCTIONS = dict(functions())


def test_every_verb_is_described_and_no_other() -> None:
    described = {name for name, _ in CALL.findall(PAGE)}

    assert described == FUNCTIONS.keys() - STEPS
    assert FUNCTIONS.keys() >= STEPS


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
