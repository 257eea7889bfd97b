"""What the tags show, what they cost, and what they never show."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages import constants
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine, RequestContext, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import cache_page
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from django_stripe_cart.cart import changes as carts
from django_stripe_cart.models import Product
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product

EVERYTHING = (
    "{% stripe_cart_assets %}{% stripe_cart_messages %}{% cart_button %}{% orders_button %}"
    "{% for product in products %}{% add_to_cart product %}{% endfor %}"
    "{% cart_modal %}{% orders_modal %}"
)
HOSTILE = "\"><script>alert('name')</script>&amp;<b>"

Render = Callable[..., str]


def make_request(user: User | AnonymousUser, path: str = "/products/?page=2") -> HttpRequest:
    request = RequestFactory().get(path)
    request.user = user
    request.session = {}  # type: ignore[assignment]
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
    return request


def render(source: str, request: HttpRequest, **values: Any) -> str:
    template = Template("{% load stripe_cart %}" + source)
    return template.render(RequestContext(request, values))


class Page(HTMLParser):
    """The elements of a page, as (tag, attributes)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def values(self, attribute: str) -> list[str | None]:
        return [attrs[attribute] for _tag, attrs in self.elements if attribute in attrs]

    def fields(self) -> dict[str, str | None]:
        return {
            str(attrs["name"]): attrs.get("value")
            for tag, attrs in self.elements
            if tag == "input" and "name" in attrs
        }


# --- where they work ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        "cart_button",
        "cart_modal",
        "orders_button",
        "orders_modal",
        "add_to_cart product",
        "product_grid",
        "stripe_cart_messages",
    ],
)
def test_a_tag_without_a_request_says_what_it_needs(tag: str) -> None:
    template = Template("{% load stripe_cart %}{% " + tag + " %}")

    with pytest.raises(ImproperlyConfigured, match=r"render\(request"):
        template.render(Context({"product": Product()}))


def test_no_context_processor_is_needed(user: User, mug: Product) -> None:
    names = ("stripe_cart", "stripe_cart_internal")
    library = {name: f"django_stripe_cart.templatetags.{name}" for name in names}
    libraries = library | {
        name: f"django.templatetags.{name}" for name in ("i18n", "l10n", "static")
    }
    engine = Engine(app_dirs=True, libraries=libraries)
    template = engine.from_string("{% load stripe_cart %}" + EVERYTHING)

    html = template.render(RequestContext(make_request(user), {"products": [mug]}))

    assert "Add to cart" in html


def test_the_assets_are_two_files_and_nothing_inline(user: User) -> None:
    page = Page(render("{% stripe_cart_assets %}", make_request(user)))

    assert page.values("href") == ["/static/stripe_cart/stripe_cart.css"]
    assert page.values("src") == ["/static/stripe_cart/stripe_cart.js"]


@pytest.mark.parametrize(("name", "most"), [("stripe_cart.js", 4608), ("stripe_cart.css", 1536)])
def test_the_assets_stay_small(name: str, most: int) -> None:
    path = finders.find(f"stripe_cart/{name}")

    assert len(gzip.compress(Path(str(path)).read_bytes())) <= most


# --- what they cost ----------------------------------------------------------------------------


def test_all_tags_of_a_page_read_the_cart_once(
    user: User,
    mug: Product,
    lamp: Product,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    cart = carts.get_user_cart(user)
    for product in (mug, lamp):
        carts.add_item(cart, product)
    request = make_request(user)

    with django_assert_num_queries(1):
        render(EVERYTHING, request, products=[mug, lamp])


def test_anonymous_visitors_cost_no_queries(
    mug: Product, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        render(EVERYTHING, make_request(AnonymousUser()), products=[mug])


def test_new_guests_cost_nothing_either(
    mug: Product, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.STRIPE_CART_ALLOW_GUESTS = True
    request = make_request(AnonymousUser())

    with django_assert_num_queries(0):
        html = render(EVERYTHING, request, products=[mug])

    assert "Add to cart" in html
    assert request.session == {}


# --- the cart ----------------------------------------------------------------------------------


def test_the_badge_counts_things_not_lines(user: User, mug: Product, lamp: Product) -> None:
    carts.add_item(carts.get_user_cart(user), mug, 2)
    carts.add_item(carts.get_user_cart(user), lamp)

    html = render("{% cart_button %}", make_request(user))

    assert 'data-stripe-cart-count="3"></span>' in html  # shown by the stylesheet
    assert "3 items in your cart" in html


def test_an_empty_cart_has_no_badge_but_words_for_a_screen_reader(user: User) -> None:
    html = render("{% cart_button %}", make_request(user))

    assert "badge" not in html
    assert "Your cart is empty." in html


def test_the_cart_button_is_a_link_that_needs_no_script(user: User) -> None:
    page = Page(render("{% cart_button %}", make_request(user)))

    assert page.values("href") == ["/shop/cart/"]


def test_a_disallowed_guest_gets_a_link_and_no_modal(db: None) -> None:
    html = render(EVERYTHING, make_request(AnonymousUser()), products=[])

    assert "/shop/cart/" in html
    assert "modal" not in html
    assert "/shop/orders/" not in html


def test_a_line_of_the_cart_says_what_it_is_and_what_it_costs(user: User, lamp: Product) -> None:
    carts.add_item(carts.get_user_cart(user), lamp, 2)

    html = render("{% cart_modal %}", make_request(user))

    for words in ("Lamp", "₹1,299.50 each", "₹2,599.00", "Subtotal (2 items)", "Remove Lamp"):
        assert words in html


def test_every_picture_has_its_size_where_no_stylesheet_gives_it_one(
    user: User, mug: Product
) -> None:
    carts.add_item(carts.get_user_cart(user), mug)

    html = render("{% product_grid %}{% cart_modal %}", make_request(user))

    pictures = [attributes for tag, attributes in Page(html).elements if tag == "img"]
    assert len(pictures) == 2
    assert all(picture["width"] and picture["height"] for picture in pictures)


def test_a_line_that_can_not_be_bought_says_why(user: User, lamp: Product) -> None:
    carts.add_item(carts.get_user_cart(user), lamp, 5)
    Product.objects.update(stock=3)
    sold_less = render("{% cart_modal %}", make_request(user))
    Product.objects.update(is_active=False)
    withdrawn = render("{% cart_modal %}", make_request(user))

    assert "Only 3 of “Lamp” are left." in sold_less
    assert "“Lamp” is not for sale at the moment." in withdrawn
    assert "Remove Lamp" in withdrawn
    assert "Quantity of Lamp" not in withdrawn


def test_the_last_ones_are_called_so(user: User, lamp: Product) -> None:
    carts.add_item(carts.get_user_cart(user), lamp, 5)

    assert "Only 5 left" in render("{% cart_modal %}", make_request(user))


def test_without_javascript_a_quantity_has_its_own_button(user: User, mug: Product) -> None:
    carts.add_item(carts.get_user_cart(user), mug)

    html = render("{% cart_modal %}", make_request(user))

    assert re.search(r"<noscript><button type=\"submit\"[^>]*>Update</button></noscript>", html)


def test_forms_lead_back_to_the_page_they_are_on(user: User, mug: Product) -> None:
    carts.add_item(carts.get_user_cart(user), mug)

    page = Page(render("{% cart_modal %}{% add_to_cart mug %}", make_request(user), mug=mug))

    assert {attrs["value"] for _tag, attrs in page.elements if attrs.get("name") == "next"} == {
        "/products/?page=2"
    }


def test_no_form_carries_an_amount_of_money(user: User, mug: Product) -> None:
    carts.add_item(carts.get_user_cart(user), mug)

    page = Page(render(EVERYTHING, make_request(user), products=[mug]))

    assert page.fields().keys() == {
        "csrfmiddlewaretoken",
        "product",
        "quantity",
        "next",
        "fingerprint",
    }


# --- a product ---------------------------------------------------------------------------------


def test_a_product_is_offered_by_its_price_and_a_quantity(user: User, lamp: Product) -> None:
    html = render("{% add_to_cart product %}", make_request(user), product=lamp)
    field = next(attrs for _tag, attrs in Page(html).elements if attrs.get("type") == "number")

    assert "₹1,299.50" in html
    assert (field["min"], field["max"], field["value"]) == ("1", "5", "1")


def test_the_script_gets_the_price_as_an_int_and_how_to_write_it(user: User, lamp: Product) -> None:
    page = Page(render("{% add_to_cart product %}", make_request(user), product=lamp))

    (style,) = page.values("data-stripe-cart-money")
    assert page.values("data-stripe-cart-unit-amount") == ["129950"]
    assert json.loads(str(style)) == {
        "prefix": "₹",
        "suffix": "",
        "decimal": ".",
        "group": ",",
        "groups": [3],
        "digits": 2,
    }


def test_a_product_that_is_sold_out_has_no_form(user: User) -> None:
    product = make_product("Vase", stock=0)

    html = render("{% add_to_cart product %}", make_request(user), product=product)

    assert "Out of stock" in html
    assert "₹100.00" in html
    assert "<form" not in html


@pytest.mark.parametrize("fields", [{"is_active": False}, {"price": "9.995"}])
def test_a_product_that_is_not_for_sale_says_so(user: User, fields: dict[str, Any]) -> None:
    product = make_product("Vase", **fields)
    product.refresh_from_db()

    html = render("{% add_to_cart product %}", make_request(user), product=product)

    assert "Not for sale at the moment" in html
    assert "<form" not in html


def test_a_visitor_is_asked_to_sign_in_and_comes_back(mug: Product) -> None:
    page = Page(
        render("{% add_to_cart product %}", make_request(AnonymousUser()), product=mug),
    )

    assert page.values("href") == ["/accounts/login/?next=/products/%3Fpage%3D2"]
    assert "form" not in {tag for tag, _attrs in page.elements}


def test_the_grid_shows_what_is_for_sale(user: User, mug: Product) -> None:
    make_product("Withdrawn", is_active=False)

    html = render("{% product_grid %}", make_request(user))

    assert "Mug" in html
    assert "Withdrawn" not in html


def test_the_grid_shows_the_products_that_it_is_given(
    user: User, mug: Product, lamp: Product
) -> None:
    html = render("{% product_grid products %}", make_request(user), products=[lamp])

    assert "Lamp" in html
    assert "Mug" not in html


# --- what is hostile, and what is foreign ------------------------------------------------------


def test_a_hostile_name_stays_text(user: User) -> None:
    product = make_product("Vase")
    product.name = product.description = HOSTILE
    product.save()
    carts.add_item(carts.get_user_cart(user), product)

    html = render("{% product_grid %}{% cart_modal %}", make_request(user))

    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;script&gt;" in html
    assert f"Remove {HOSTILE}" in Page(html).values("aria-label")


def test_nothing_is_inline(user: User, mug: Product) -> None:
    carts.add_item(carts.get_user_cart(user), mug)

    html = render(EVERYTHING + "{% product_grid %}", make_request(user), products=[mug])
    page = Page(html)

    assert "style" not in {tag for tag, _attrs in page.elements}
    assert all("src" in attrs for tag, attrs in page.elements if tag == "script")
    names = {name for _tag, attrs in page.elements for name in attrs}
    assert not [name for name in names if name == "style" or name.startswith("on")]
    assert "javascript:" not in html
    assert "//" not in html.replace("http://www.w3.org/2000/svg", "")


def test_every_control_has_a_name(user: User, mug: Product) -> None:
    carts.add_item(carts.get_user_cart(user), mug)

    page = Page(render(EVERYTHING, make_request(user), products=[mug]))

    numbers = [attrs for _tag, attrs in page.elements if attrs.get("type") == "number"]
    assert numbers
    assert all(attrs.get("aria-label") for attrs in numbers)


def test_in_german_texts_are_localized_and_attributes_are_not(
    user: User, settings: Settings
) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    product = make_product("Vase", price="1249.50", stock=2500, id=4321)
    carts.add_item(carts.get_user_cart(user), product, 2)

    with translation.override("de"):
        html = render(EVERYTHING, make_request(user), products=[product])

    page = Page(html)
    assert "2.499,00\N{NO-BREAK SPACE}₹" in html
    assert page.fields()["product"] == "4321"
    assert page.values("data-stripe-cart-line") == ["4321"]
    assert page.values("data-stripe-cart-unit-amount") == ["124950"]
    assert set(page.values("max")) == {"999"}
    (style,) = page.values("data-stripe-cart-money")
    assert json.loads(str(style))["decimal"] == ","


def test_the_filter_writes_money(user: User) -> None:
    assert render("{{ amount|money:'inr' }}", make_request(user), amount=124950) == "₹1,249.50"


# --- messages ----------------------------------------------------------------------------------


def test_a_success_message_hides_itself_and_an_error_stays(user: User) -> None:
    request = make_request(user)
    request._messages.add(constants.SUCCESS, "Added.")  # type: ignore[attr-defined]
    request._messages.add(constants.ERROR, "<Refused>")  # type: ignore[attr-defined]

    html = render("{% stripe_cart_messages %}", request)
    toasts = [attrs for _tag, attrs in Page(html).elements if "data-stripe-cart-toast" in attrs]

    assert [(toast["role"], toast["data-stripe-cart-toast"]) for toast in toasts] == [
        ("status", "6000"),
        ("alert", ""),
    ]
    assert "&lt;Refused&gt;" in html


def test_a_message_is_shown_once_on_a_page(user: User) -> None:
    request = make_request(user)
    request._messages.add(constants.INFO, "Once.")  # type: ignore[attr-defined]

    html = render("{% stripe_cart_messages %}{% stripe_cart_messages %}", request)

    assert html.count("Once.") == 1


# --- the pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/shop/cart/", "/shop/orders/"])
def test_no_id_is_twice_on_a_page(browser: Browser, mug: Product, path: str) -> None:
    browser.add(mug)

    ids = Page(browser.client.get(path).content.decode()).values("id")

    assert len(ids) == len(set(ids))


def test_a_change_is_answered_with_the_fragments_that_it_changed(
    client: Client, user: User, mug: Product
) -> None:
    client.force_login(user)

    answer = client.post(
        "/shop/cart/add/", {"product": mug.pk, "quantity": 2}, headers={"Stripe-Cart": "fragment"}
    ).content.decode()

    assert Page(answer).values("data-stripe-cart-fragment") == ["cart", "cart_button"]
    assert "“Mug” is in your cart." in answer
    assert "<html" not in answer


def test_an_order_shows_its_lines_and_its_story(browser: Browser, mug: Product) -> None:
    browser.add(mug, 2)
    browser.check_out()

    listed = browser.client.get("/shop/orders/").content.decode()
    shown = browser.client.get(browser.order.get_absolute_url()).content.decode()

    for page in (listed, shown):
        assert browser.order.number in page
        assert "Awaiting payment" in page
        assert "₹998.00" in page
    assert f'action="{browser.order.get_absolute_url()}pay/"' in shown
    assert "Order placed" in shown


def test_a_host_overrides_one_block_of_a_partial(
    user: User, mug: Product, settings: Settings, tmp_path: Path
) -> None:
    carts.add_item(carts.get_user_cart(user), mug)
    name = "stripe_cart/includes/checkout_form.html"
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(
        f'{{% extends "{name}" %}}{{% block label %}}Buy now{{% endblock %}}'
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    html = render("{% cart_modal %}", make_request(user))

    assert "Buy now" in html
    assert 'name="fingerprint"' in html


def test_an_address_is_worked_out_once_for_a_page_and_language(
    user: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ROOT_URLCONF = "tests.hosts.languages.urls"
    asked: list[str] = []

    def note(name: str) -> str:
        asked.append(name)
        return reverse(name)

    monkeypatch.setattr("django_stripe_cart.web.shopper.reverse", note)
    source = (
        "{% load i18n stripe_cart_internal %}{% shop_url 'item' %} {% url 'stripe_cart:item' %}"
    )
    shown = render(
        f"{source} {{% language 'de' %}}{source} {source}{{% endlanguage %}}", make_request(user)
    ).split()

    assert shown[0] == shown[1] != shown[2]
    assert shown[2:] == [shown[2]] * 4
    assert asked == ["stripe_cart:item"] * 2


def test_the_fields_of_a_form_are_the_token_the_product_and_the_next_url(user: User) -> None:
    product = make_product()
    request = make_request(user)
    source = "{% load stripe_cart_internal %}{% cart_fields product %}<i>{{ csrf_token }}</i>"
    page = render(source, request, product=product, next=HOSTILE)

    fields = Page(page).fields()
    assert fields["csrfmiddlewaretoken"] == re.findall("<i>(.+)</i>", page)[0]
    assert (fields["product"], fields["next"]) == (str(product.pk), HOSTILE)
    bare = Page(render(source, request, product=product)).fields()
    assert bare["next"] == ""


# --- pages in a cache -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "is_cached"), [("{% cart_button %}", False), ("{{ number }}", True)]
)
def test_a_page_with_a_cart_is_not_stored_by_cache_page(
    user: User, source: str, is_cached: bool
) -> None:
    numbers = iter(("one", "two"))

    @cache_page(60)
    def page(request: HttpRequest) -> HttpResponse:
        number = next(numbers)
        return HttpResponse(number + render(source, request, number=number))

    cache.clear()
    pages = [page(make_request(user, "/cached/")).content.decode()[:3] for _visit in range(2)]

    assert pages == (["one", "one"] if is_cached else ["one", "two"])
