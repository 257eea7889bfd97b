"""The same views for hosts with a front end of their own: JSON in, JSON out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from django_stripe_cart.models import Order, Product
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.testing.browser import Browser
from tests.docs.pages import examples

JSON = {"Accept": "application/json"}


@pytest.fixture
def app(browser: Browser) -> Client:
    return browser.client


def get(app: Client, path: str) -> Any:
    return app.get(path, headers=JSON)


def post(app: Client, path: str, **data: Any) -> Any:
    return app.post(path, data, content_type="application/json", headers=JSON)


def test_the_line_in_json(app: Client, sandbox: Sandbox, mug: Product) -> None:
    cart = post(app, "/shop/cart/add/", product=mug.pk, quantity=2).json()["cart"]
    checkout = post(app, "/shop/checkout/", fingerprint=cart["fingerprint"]).json()
    order = Order.objects.get()
    assert checkout["location"] == order.session_url

    payment = sandbox.pay(checkout["location"])
    back = get(app, str(payment.redirect_url).removeprefix("http://testserver")).json()
    shown = get(app, back["location"]).json()["order"]

    assert back["messages"][0]["level"] == "success"
    assert (shown["status"], shown["amount_paid"], shown["payment_url"]) == ("paid", 99800, None)
    assert get(app, "/shop/orders/").json()["orders"] == [shown]


def test_a_cart_has_the_documented_shape(app: Client, mug: Product) -> None:
    answer = post(app, "/shop/cart/add/", product=mug.pk, quantity=2)

    assert answer.status_code == 200
    assert answer.json() == {
        "cart": {
            "lines": [
                {
                    "product": mug.pk,
                    "name": "Mug",
                    "sku": "mug",
                    "image": "",
                    "unit_amount": 49900,
                    "quantity": 2,
                    "total": 99800,
                    "available": 10,
                    "problem": None,
                }
            ],
            "quantity": 2,
            "total": 99800,
            "currency": "inr",
            "fingerprint": f'[["{mug.pk}",2,49900,"inr"]]',
        },
        "messages": [
            {"level": "success", "code": "", "text": "“Mug” is in your cart. Subtotal: ₹998.00"}
        ],
    }


def test_an_order_has_the_documented_shape(browser: Browser, app: Client, mug: Product) -> None:
    browser.add(mug)
    browser.check_out()
    order = browser.order

    page = get(app, "/shop/orders/").json()

    assert (page["page"], page["has_next"], page["messages"]) == (1, False, [])
    assert page["orders"] == [
        {
            "reference": str(order.reference),
            "number": order.number,
            "status": "pending",
            "status_text": "Awaiting payment",
            "currency": "inr",
            "total": 49900,
            "amount_paid": 0,
            "amount_refunded": 0,
            "placed_at": order.placed_at.isoformat(),
            "paid_at": None,
            "fulfilled_at": None,
            "lines": [
                {
                    "product": mug.pk,
                    "name": "Mug",
                    "sku": "mug",
                    "unit_amount": 49900,
                    "quantity": 1,
                    "total": 49900,
                }
            ],
            "url": f"/shop/orders/{order.reference}/",
            "payment_url": order.session_url,
            "receipt_url": None,
        }
    ]


def test_the_reference_shows_the_same_shapes(browser: Browser, app: Client, mug: Product) -> None:
    message, cart, order = (json.loads(example.text) for example in examples("json"))
    answer = post(app, "/shop/cart/add/", product=mug.pk, quantity=2).json()
    browser.check_out()
    (shown,) = get(app, "/shop/orders/").json()["orders"]

    assert keys(message) == keys(answer["messages"][0])
    assert keys(cart) == keys(answer["cart"])
    assert keys(order) == keys(shown)


def keys(shape: Any) -> Any:
    if isinstance(shape, list):
        return [keys(one) for one in shape]
    return {name: keys(value) for name, value in shape.items()} if isinstance(shape, dict) else None


def test_what_the_shop_refuses_is_409_with_a_code_and_the_cart(app: Client, mug: Product) -> None:
    answer = post(app, "/shop/cart/add/", product=mug.pk, quantity=11)

    assert answer.status_code == 409
    assert answer.json()["cart"]["lines"] == []
    (message,) = answer.json()["messages"]
    assert (message["level"], message["code"]) == ("error", "out_of_stock")


def test_a_changed_price_is_reported_and_no_order_is_placed(app: Client, mug: Product) -> None:
    cart = post(app, "/shop/cart/add/", product=mug.pk).json()["cart"]
    Product.objects.update(price="500.00")

    answer = post(app, "/shop/checkout/", fingerprint=cart["fingerprint"])

    assert answer.status_code == 409
    assert [message["code"] for message in answer.json()["messages"]] == ["cart_changed"] * 2
    assert answer.json()["cart"]["total"] == 50000
    assert not Order.objects.exists()


def test_a_line_that_can_not_be_bought_says_why(app: Client, mug: Product) -> None:
    post(app, "/shop/cart/add/", product=mug.pk)
    Product.objects.update(is_active=False)

    (line,) = get(app, "/shop/cart/").json()["cart"]["lines"]

    assert line["unit_amount"] is None
    assert line["problem"]["code"] == "product_unavailable"


def test_a_visitor_gets_the_login_url(client: Client, db: None) -> None:
    answer = get(client, "/shop/cart/")

    assert answer.status_code == 401
    assert answer.json() == {
        "location": "/accounts/login/?next=/shop/cart/",
        "messages": [],
    }


def test_what_was_said_in_json_is_not_said_again_on_a_page(app: Client, mug: Product) -> None:
    answer = post(app, "/shop/cart/add/", product=mug.pk)

    assert not list(get_messages(answer.wsgi_request))
    assert "is in your cart" not in app.get("/shop/cart/").content.decode()


def test_a_browser_gets_a_page(app: Client) -> None:
    browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

    for accept in (browsers, "*/*", ""):
        answer = app.get("/shop/cart/", headers={"Accept": accept})
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "Accept" in answer.headers["Vary"]


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "null", '"product"', '{"product": [1]}', '{"product": {}}', "[" * 9999]
)
def test_an_odd_body_is_refused_with_a_sentence(app: Client, mug: Product, body: str) -> None:
    answer = app.post("/shop/cart/add/", body, content_type="application/json", headers=JSON)

    assert answer.status_code == 409
    assert answer.json()["messages"][0]["code"] == "invalid"


@pytest.mark.parametrize("quantity", [True, 1.5, "NaN", -1, 10**30, None, [2]])
def test_an_odd_quantity_never_becomes_another(app: Client, mug: Product, quantity: Any) -> None:
    answer = post(app, "/shop/cart/item/", product=mug.pk, quantity=quantity)

    assert answer.status_code == 409
    assert answer.json()["cart"]["lines"] == []


@pytest.mark.parametrize("path", ["/shop/cart/add/", "/shop/checkout/"])
@pytest.mark.parametrize("field", ["next", "product", "fingerprint"])
def test_half_a_character_is_no_text(app: Client, mug: Product, path: str, field: str) -> None:
    body = json.dumps({"product": mug.pk, "quantity": 1, "next": "/", field: "/\ud800"})

    # Of one that asks for a page, because that is redirected.
    answer = app.post(path, body, content_type="application/json")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/shop/cart/")


def test_a_post_without_its_token_is_refused(browser: Browser, mug: Product) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(browser.user)

    assert post(strict, "/shop/cart/add/", product=mug.pk).status_code == 403
    strict.cookies["csrftoken"] = token = "x" * 32
    headers = {**JSON, "X-CSRFToken": token}
    body = {"product": mug.pk}
    answer = strict.post("/shop/cart/add/", body, "application/json", headers=headers)
    assert answer.status_code == 200


@pytest.mark.parametrize("quantity", [2, 2.0, "2"])
def test_a_whole_number_is_read_as_such(app: Client, mug: Product, quantity: Any) -> None:
    cart = post(app, "/shop/cart/add/", product=mug.pk, quantity=quantity).json()["cart"]

    assert cart["quantity"] == 2


@pytest.mark.parametrize("quantity", [1.5, True, [2], {}, None, 1e300, "many"])
def test_what_is_no_whole_number_is_refused_and_not_left_out(
    app: Client, mug: Product, quantity: Any
) -> None:
    answer = post(app, "/shop/cart/add/", product=mug.pk, quantity=quantity)

    assert answer.status_code == 409
    assert answer.json()["cart"]["quantity"] == 0
