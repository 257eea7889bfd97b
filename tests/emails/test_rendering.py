"""The text and HTML of e-mails, in the language of the order, with templates of the host."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import override_settings
from django.utils import translation

from django_stripe_cart.emails.rendering import render
from django_stripe_cart.models import Order, OrderEmail, Product, Refund
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from django_stripe_cart.testing.factories import make_product
from docs.templates_table import blocks

KINDS = OrderEmail.Kind.values
LETTERS = {name: found for name, found in blocks().items() if "/emails/" in name}


@pytest.fixture
def order(browser: Browser, sandbox: Sandbox, mug: Product) -> Order:
    browser.add(mug, 2)
    browser.add(make_product("Cup & <b>Saucer</b>", price="10.00"))
    browser.check_out()
    sandbox.pay(browser.order.session_url)
    return browser.order


def render_email(order: Order, kind: str = "paid") -> EmailMultiAlternatives:
    refund = Refund(order=order, amount=1250) if kind == "refunded" else None
    return render(OrderEmail.for_order(order, kind, refund=refund))


def html_of(message: EmailMultiAlternatives) -> str:
    ((content, mimetype),) = message.alternatives
    assert mimetype == "text/html"
    return str(content)


def words_of(html: str) -> str:
    body = html.partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_html_say_the_same(order: Order, kind: str) -> None:
    message = render_email(order, kind)
    html = html_of(message)

    for said in (message.body, words_of(html)):
        assert order.number in said
        assert "2 × Mug" in said  # noqa: RUF001
        assert "Cup & <b>Saucer</b>" in said
        assert "₹1,008.00" in said
        assert "&amp;" not in said
    assert "<b>" not in html
    for address in re.findall(r"https?://\S+(?=[\s\"])", message.body):
        assert f'href="{address}"' in html


def test_the_refund_e_mail_shows_this_refund_and_the_refunded_total(
    order: Order,
) -> None:
    order = refund_order(refund_order(order, 1250), 100)
    message = render(order.emails.get(kind="refunded", refund__amount=100))

    for said in (message.body, words_of(html_of(message))):
        assert f"Your refund of ₹1.00 for order {order.number} is on its way" in said
        assert re.search(r"Refunded:? ₹13\.50", said)


@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_was_refunded_nothing_is_said_of_it(order: Order, kind: str) -> None:
    message = render_email(order, kind)

    assert "Refunded" not in message.body + html_of(message)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_whole_by_itself(order: Order, kind: str) -> None:
    """The HTML loads nothing, so opening it can not be tracked."""
    html = html_of(render_email(order, kind))

    assert not re.search(r"<(img|link|script|iframe)|url\(|@import", html)
    assert re.findall(r"(?:src|srcset|background)=", html) == []
    assert "{" not in words_of(html)


def test_the_link_leads_to_the_site_where_the_order_was_placed(order: Order) -> None:
    expected = f"http://testserver{order.get_absolute_url()}"

    assert expected in render_email(order).body

    with override_settings(STRIPE_CART_BASE_URL="https://shop.example"):
        assert f"https://shop.example{order.get_absolute_url()}" in render_email(order).body


def test_the_link_in_a_guests_e_mail_opens_the_order_on_any_device(
    sandbox: Sandbox, mug: Product, settings: Any
) -> None:
    settings.STRIPE_CART_ALLOW_GUESTS = True
    guest = Browser()
    guest.add(mug)
    guest.check_out()
    sandbox.pay(guest.order.session_url, email="greta@example.net")
    message = render_email(guest.order)

    (link,) = re.findall(r"http://testserver(/\S+)", message.body)
    page = Browser().client.get(link).content.decode()

    assert message.to == ["greta@example.net"]
    assert guest.order.number in page


def test_without_any_address_there_is_no_link(order: Order) -> None:
    order.session_params = None

    message = render_email(order)

    assert "http" not in message.body
    assert "<a " not in html_of(message)


def test_what_was_added_by_taxes_or_shipping_is_in_the_sum(order: Order) -> None:
    order.amount_paid = order.total + 4200

    assert (
        "Total paid, including discounts, taxes and shipping: ₹1,050.00" in render_email(order).body
    )


@pytest.mark.parametrize("language", ["de", "ar", ""])
def test_it_speaks_the_language_of_the_order(order: Order, language: str) -> None:
    order.language = language
    with translation.override("fr"):
        html = html_of(render_email(order))

    spoken = language or "en-us"
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{spoken}" dir="{direction}">' in html


def test_the_order_remembers_the_language_of_its_shopper(browser: Browser, mug: Product) -> None:
    browser.add(mug)
    with override_settings(LANGUAGE_CODE="es", LANGUAGES=[("es", "Spanish")]):
        browser.check_out()

    assert browser.order.language == "es"


def test_a_subject_is_one_line(order: Order, tmp_path: Path, settings: Any) -> None:
    place(tmp_path, settings, "paid_subject.txt", "A\nBcc: x@example.com\r\n{{ order.number }}\n")

    assert render_email(order).subject == f"A Bcc: x@example.com {order.number}"


def test_it_comes_from_where_the_host_says(order: Order) -> None:
    with override_settings(DEFAULT_FROM_EMAIL="shop@shop.example"):
        assert render_email(order).from_email == "shop@shop.example"


@pytest.mark.parametrize("kind", KINDS)
def test_every_block_can_be_filled_by_a_host(
    order: Order, tmp_path: Path, settings: Any, kind: str
) -> None:
    name = f"stripe_cart/emails/{kind}.html"
    found = [*LETTERS["stripe_cart/emails/base.html"], *LETTERS[name]]
    marked = "".join(f"{{% block {block} %}}[{block}]{{% endblock %}}" for block in {*found})
    place(tmp_path, settings, f"{kind}.html", f'{{% extends "{name}" %}}{marked}')

    html = html_of(render_email(order, kind))

    assert len(found) > 6
    assert [block for block in found if f"[{block}]" not in html] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_block_of_the_text_can_be_filled_and_the_subject_replaced(
    order: Order, tmp_path: Path, settings: Any, kind: str
) -> None:
    name = f"stripe_cart/emails/{kind}.txt"
    found = {*LETTERS["stripe_cart/emails/base.txt"], *LETTERS[name]}
    marked = "".join(f"{{% block {block} %}}[{block}]{{% endblock %}}" for block in found)
    place(tmp_path, settings, f"{kind}.txt", f'{{% extends "{name}" %}}{marked}')
    assert LETTERS[f"stripe_cart/emails/{kind}_subject.txt"] == []
    place(tmp_path, settings, f"{kind}_subject.txt", "About {{ order.number }}")

    message = render_email(order, kind)

    assert found == {"text", "order", "order_link", "footer"}
    assert [block for block in found if f"[{block}]" not in message.body] == []
    assert message.subject == f"About {order.number}"


@pytest.mark.parametrize("kind", KINDS)
def test_one_text_of_a_hosts_own_frames_all_of_them(
    order: Order, tmp_path: Path, settings: Any, kind: str
) -> None:
    ours = render_email(order, kind).body.split("\n")[0]
    place(tmp_path, settings, "base.txt", "Dear friend, {% block text %}{% endblock %}")

    assert render_email(order, kind).body == f"Dear friend, {ours}\n"


def place(tmp_path: Path, settings: Any, name: str, text: str) -> None:
    """Have the host bring a template of its own."""
    folder = tmp_path / "stripe_cart" / "emails"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    template = {**settings.TEMPLATES[0]}
    template["DIRS"] = [tmp_path, *template["DIRS"]]
    settings.TEMPLATES = [template]
