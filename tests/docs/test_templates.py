"""Every template that the documentation shows renders, and reaches what it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from django.template import Context, engines
from django.template.loader_tags import BlockNode, ExtendsNode
from django.test import RequestFactory

from django_stripe_cart.models import CartItem, Order, Product
from django_stripe_cart.templatetags.stripe_cart import ProductCard
from django_stripe_cart.testing.browser import Browser
from tests.docs.pages import Example, examples

pytestmark = pytest.mark.django_db

TEMPLATES = list(examples("html+django"))
EXTENDS = re.compile(r'{% extends "([^"]+)" %}')
FILE = re.compile(r"{# templates/(\S+) #}")
# What an example says that a project has, for the examples after it.
FILES = {name: example.text for example in TEMPLATES for name in FILE.findall(example.text)}
HEIRS = [example for example in TEMPLATES if EXTENDS.search(example.text)]

Attributes = dict[str, str | None]


class Elements(HTMLParser):
    """The start tags of a page, in their order, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Attributes]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[Attributes]:
        return [attributes for name, attributes in self.found if name == tag]

    def carrying(self, attribute: str) -> list[Attributes]:
        return [attributes for _, attributes in self.found if attribute in attributes]


def render(example: Example, browser: Browser, mug: Product) -> str:
    request = RequestFactory().get("/")
    request.user = browser.user
    request.session = browser.client.session
    card = ProductCard(mug, mug.as_line_item())
    order = Order(currency="inr", total=49900)
    template = engines["django"].from_string(example.text)
    return template.render({"product": mug, "card": card, "order": order}, request)


@pytest.mark.parametrize("example", TEMPLATES, ids=str)
def test_a_template_renders(example: Example, browser: Browser, mug: Product) -> None:
    page = render(example, browser, mug)

    assert "stripe-cart" in page or "{% block" in example.text


@pytest.mark.parametrize("example", HEIRS, ids=str)
def test_an_example_fills_blocks_that_there_are(example: Example) -> None:
    parents = EXTENDS.findall(example.text)
    filled = re.findall(r"{% block (\w+)", example.text)

    assert filled
    for parent in parents:
        known = set(blocks_of(parent))
        assert set(filled) <= known, (filled, known)
        if parent.startswith("stripe_cart/"):
            assert FILE.findall(example.text) == [parent]  # another name would override nothing


def blocks_of(name: str) -> Iterator[str]:
    """The blocks of a template, and of those that it extends itself."""
    engine = engines["django"]
    template = engine.from_string(FILES[name]) if own(name) else engine.get_template(name)
    nodes = template.template.nodelist
    yield from (block.name for block in nodes.get_nodes_by_type(BlockNode))
    for node in nodes.get_nodes_by_type(ExtendsNode):
        yield from blocks_of(str(node.parent_name.resolve(Context())))


def own(name: str) -> bool:
    return name in FILES and not name.startswith("stripe_cart/")


@pytest.mark.parametrize("example", [one for one in TEMPLATES if "<form" in one.text], ids=str)
def test_a_form_that_is_shown_does_what_its_button_says(
    example: Example, browser: Browser, mug: Product
) -> None:
    elements = Elements(render(example, browser, mug))
    (form,) = elements.named("form")
    values = {str(field["name"]): field["value"] for field in elements.named("input")}

    browser.client.post(form["action"], values)

    assert form["data-stripe-cart-form"] == "add"
    assert list(CartItem.objects.values_list("product", "quantity")) == [(mug.pk, 1)]


@pytest.mark.parametrize("example", [one for one in TEMPLATES if "hx-get" in one.text], ids=str)
def test_htmx_selects_elements_that_are_on_the_page(
    example: Example, browser: Browser, mug: Product
) -> None:
    browser.add(mug)

    for asking in Elements(render(example, browser, mug)).carrying("hx-get"):
        answer = browser.client.get(asking["hx-get"], headers={"hx-request": "true"})
        selector = re.fullmatch(r"\[([\w-]+)=([\w-]+)\]", asking["hx-select"] or "")

        assert answer.status_code == 200
        assert selector, "Teach this test the selector."
        found = Elements(answer.content.decode()).carrying(selector[1])
        assert [one for one in found if one[selector[1]] == selector[2]]
