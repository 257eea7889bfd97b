"""The page of functions, made from their signatures and docstrings."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

from django_stripe_cart import timeline
from django_stripe_cart.timeline import Cause
from tests.docs.pages import ROOT

PAGE = ROOT / "docs/reference/functions.md"
BEGIN, END = "<!-- begin: made by tests/docs/functions_page.py -->", "<!-- end -->"

# In the order in which an order meets them. Each module says in __all__ what is public.
MODULES = (
    "cart",
    "checkout",
    "payments",
    "webhooks",
    "fulfillment",
    "refunds",
    "attention",
    "emails",
    "order_again",
    "guests",
    "privacy",
    "cleaning",
)


def functions(module: str) -> Iterator[Callable[..., Any]]:
    front = import_module(f"django_stripe_cart.{module}")
    for name in front.__all__:
        value = getattr(front, name)
        if inspect.isfunction(value):
            yield value


def parts() -> str:
    return "\n".join(line for module in MODULES for line in _section(module))


def page(text: str) -> str:
    """Return ``text``, the page as it is, with the generated part made again."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n\n{parts()}\n{END}{after}"


def _section(module: str) -> Iterator[str]:
    front = import_module(f"django_stripe_cart.{module}")
    yield f"## {module}\n"
    yield f"{_markdown(inspect.getdoc(front) or '')}\n"
    for function in functions(module):
        yield f"### {function.__name__}\n"
        yield f"{_call(function)}\n"
        yield f"{_markdown(inspect.getdoc(function) or '')}\n"


def _call(function: Callable[..., Any]) -> str:
    """Return the call with its types, as code that wraps between the arguments."""
    signature = inspect.signature(function)
    result = signature.return_annotation
    arguments = ", ".join(_arguments(signature))
    return _wrap(f"`{function.__name__}({arguments})` → `{result}`")


def _arguments(signature: inspect.Signature) -> Iterator[str]:
    is_by_name = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not is_by_name:
            is_by_name = True
            yield "*"
        yield _argument(parameter)


def _argument(parameter: inspect.Parameter) -> str:
    typed = "" if parameter.annotation == "Any" else f": {parameter.annotation}"
    if parameter.default is parameter.empty:
        return parameter.name + typed
    names = {value: name for name, value in vars(timeline).items() if isinstance(value, Cause)}
    default = parameter.default
    shown = names[default] if isinstance(default, Cause) else repr(default)
    return f"{parameter.name}{typed} = {shown}" if typed else f"{parameter.name}={shown}"


def _markdown(docstring: str) -> str:
    """Return a docstring as Markdown: its literals, and paragraphs in lines of a page's length."""
    text = re.sub(r"``(.+?)``", r"`\1`", docstring, flags=re.S)
    return "\n\n".join(_wrap(paragraph) for paragraph in text.split("\n\n"))


def _wrap(paragraph: str) -> str:
    return textwrap.fill(
        " ".join(paragraph.split()), 100, break_long_words=False, break_on_hyphens=False
    )
