"""What Stripe refuses, the sandbox refuses: with the same status, code and parameter."""

import base64
from typing import Any

import pytest
import stripe

from tests.sandbox.merchant import line_item, session_params

pytestmark = pytest.mark.stripe_sdk

PRICE = "line_items[0][price_data]"
PRODUCT = f"{PRICE}[product_data]"
AMOUNT, FIRST_IMAGE = f"{PRICE}[unit_amount]", f"{PRODUCT}[images][0]"
QUANTITY, MISSING = "line_items[0][quantity]", "resource_missing"
EMPTY, NO_INTEGER = "parameter_invalid_empty", "parameter_invalid_integer"
SHIPPING = "shipping_options[0]"
IMAGE = "https://shop.example/tea.png"


def refusal(client: stripe.StripeClient, params: dict[str, Any], **options: Any) -> Any:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params, options or None)
    assert caught.value.http_status == 400
    assert caught.value.error.type == "invalid_request_error"
    return caught.value


def price(**changes: Any) -> list[dict[str, Any]]:
    item = line_item()
    item["price_data"] |= changes
    return [item]


def product(**changes: Any) -> list[dict[str, Any]]:
    return price(product_data={"name": "Tea", **changes})


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in session_params().items() if name not in names}


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"colour": "red"}, "colour", "parameter_unknown"),
        ({"payment_intent_data": {"x": "y"}}, "payment_intent_data[x]", "parameter_unknown"),
        ({"line_items": [{"colour": "red"}]}, "line_items[0][colour]", "parameter_unknown"),
        ({"line_items": [{"quantity": 1}]}, PRICE, "parameter_missing"),
        ({"line_items": price(product_data={})}, PRODUCT, "parameter_missing"),
        ({"line_items": product(name="")}, f"{PRODUCT}[name]", EMPTY),
        ({"line_items": product(name="x" * 5001)}, f"{PRODUCT}[name]", None),
        ({"line_items": product(images=["/media/tea.png"])}, FIRST_IMAGE, "url_invalid"),
        ({"line_items": product(images=["http://x.example/tea.png"])}, FIRST_IMAGE, "url_invalid"),
        ({"line_items": product(images=[IMAGE] * 9)}, f"{PRODUCT}[images]", None),
        ({"line_items": price(unit_amount=-1)}, AMOUNT, NO_INTEGER),
        ({"line_items": price(unit_amount="9.99")}, AMOUNT, NO_INTEGER),
        ({"line_items": price(unit_amount=10**12)}, AMOUNT, "amount_too_large"),
        ({"line_items": price(currency="zzz")}, f"{PRICE}[currency]", None),
        ({"line_items": price(currency="isk", unit_amount=12345)}, AMOUNT, NO_INTEGER),
        ({"line_items": price(currency="ugx", unit_amount=150)}, AMOUNT, NO_INTEGER),
        ({"line_items": price(currency="kwd", unit_amount=5005)}, AMOUNT, NO_INTEGER),
        ({"line_items": [line_item(quantity=0)]}, QUANTITY, NO_INTEGER),
        ({"line_items": [line_item()] * 101}, "line_items", None),
        ({"line_items": [line_item(), line_item(currency="eur")]}, "line_items", None),
        ({"line_items": [line_item(unit_amount=49)]}, None, "amount_too_small"),
        ({"line_items": [line_item(unit_amount=10**11, quantity=99)]}, None, "amount_too_large"),
        ({"client_reference_id": "x" * 201}, "client_reference_id", None),
        ({"metadata": {f"key{n}": "x" for n in range(51)}}, "metadata", None),
        ({"metadata": {"k" * 41: "x"}}, "metadata", None),
        ({"metadata": {"key": "x" * 501}}, "metadata[key]", None),
        ({"success_url": "/done/"}, "success_url", "url_invalid"),
        ({"cancel_url": "javascript:alert(1)"}, "cancel_url", "url_invalid"),
        ({"customer_email": "nobody"}, "customer_email", "email_invalid"),
        ({"customer": "cus_123"}, "customer", MISSING),
        ({"mode": "subscription"}, "mode", None),
        ({"mode": "gift"}, "mode", None),
        (
            {"payment_intent_data": {"capture_method": "manual"}},
            "payment_intent_data[capture_method]",
            None,
        ),
        ({"locale": "klingon"}, "locale", None),
        ({"line_items": "tea"}, "line_items", None),
        ({"line_items": ["tea"]}, "line_items[0]", None),
        ({"line_items": [{"price": "price_1"}]}, "line_items[0][price]", MISSING),
        ({"line_items": price(product="prod_1")}, f"{PRICE}[product]", MISSING),
        ({"line_items": price(recurring={"interval": "month"})}, f"{PRICE}[recurring]", None),
        ({"line_items": [{**line_item(), "quantity": "many"}]}, QUANTITY, NO_INTEGER),
        ({"line_items": [line_item(quantity=10**6)]}, QUANTITY, NO_INTEGER),
        ({"currency": "eur"}, "line_items", None),
        ({"ui_mode": "embedded_page"}, "ui_mode", None),
        ({"metadata": "x"}, "metadata", None),
        ({"success_url": {"a": "b"}}, "success_url", None),
        ({"success_url": "http://[::1"}, "success_url", "url_invalid"),
        ({"allow_promotion_codes": "perhaps"}, "allow_promotion_codes", None),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "X"}]}, None, None),
        ({"discounts": [{"promotion_code": "X"}]}, "discounts[0][promotion_code]", MISSING),
        ({"shipping_options": [{"shipping_rate": "s"}]}, f"{SHIPPING}[shipping_rate]", MISSING),
        ({"discounts": [{"coupon": "NONE"}]}, "discounts[0][coupon]", MISSING),
        ({"expand": ["colour"]}, "expand", None),
    ],
)  # fmt: skip
def test_a_session_that_stripe_would_refuse_is_refused(
    local_client: stripe.StripeClient, params: dict[str, Any], param: str | None, code: str | None
) -> None:
    error = refusal(local_client, session_params(**params))

    assert (error.param, error.code) == (param, code)


@pytest.mark.parametrize("name", ["mode", "success_url", "line_items"])
def test_what_is_required_is_required(client: stripe.StripeClient, name: str) -> None:
    error = refusal(client, without(name))

    assert (error.param, error.code) == (name, "parameter_missing")


@pytest.mark.parametrize(
    ("minutes", "is_fine"), [(29, False), (31, True), (1439, True), (1442, False)]
)
def test_a_session_lives_for_half_an_hour_to_a_day(
    sandbox, local_client: stripe.StripeClient, minutes: int, is_fine: bool
) -> None:
    params = session_params(expires_at=sandbox.clock.now() + 60 * minutes)

    if is_fine:
        assert local_client.v1.checkout.sessions.create(params).status == "open"
    else:
        assert refusal(local_client, params).param == "expires_at"


@pytest.mark.parametrize(
    ("currency", "minimum"), [("usd", 50), ("gbp", 30), ("jpy", 50), ("huf", 17500), ("aed", 200)]
)
def test_each_currency_has_its_least_charge(
    local_client: stripe.StripeClient, currency: str, minimum: int
) -> None:
    create = local_client.v1.checkout.sessions.create

    assert create(session_params(line_items=price(currency=currency, unit_amount=minimum)))
    below = session_params(line_items=price(currency=currency, unit_amount=minimum - 1))
    assert refusal(local_client, below).code == "amount_too_small"


def test_payment_method_types_are_refused_by_the_versions_without_them(
    local_client: stripe.StripeClient,
) -> None:
    params = session_params(payment_method_types=["card"])

    old = local_client.v1.checkout.sessions.create(params, {"stripe_version": "2025-09-30.clover"})
    assert old.payment_method_types == ["card"]
    error = refusal(local_client, params, stripe_version="2026-09-30.endive")
    assert (error.param, error.code) == ("payment_method_types", "parameter_unknown")


@pytest.mark.parametrize(
    ("version", "value"), [("2026-03-25.dahlia", "hosted"), ("2025-09-30.clover", "hosted_page")]
)
def test_ui_mode_takes_the_words_of_its_version(
    local_client: stripe.StripeClient, version: str, value: str
) -> None:
    error = refusal(local_client, session_params(ui_mode=value), stripe_version=version)

    assert error.param == "ui_mode"


def test_a_version_that_is_none_is_refused(local_client: stripe.StripeClient) -> None:
    assert refusal(local_client, session_params(), stripe_version="newest")


def test_a_refusal_says_where_its_log_is(local_client: stripe.StripeClient) -> None:
    error = refusal(local_client, session_params(colour="red"))

    assert error.request_id.startswith("req_")
    assert error.error.request_log_url.endswith(error.request_id)
    assert error.error.message


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("sk_live_1234567890", "live"),
        ("rk_live_1234567890", "live"),
        ("pk_test_1", "Invalid"),
        ("hello", "Invalid"),
    ],
)
def test_only_test_keys_are_let_in(sandbox, key: str, words: str) -> None:
    client = stripe.StripeClient(key, http_client=sandbox.http_client())

    with pytest.raises(stripe.AuthenticationError, match=words) as caught:
        client.v1.checkout.sessions.list()

    assert caught.value.http_status == 401
    assert key not in str(caught.value) or key == "hello"


def test_no_key_is_no_entry(sandbox) -> None:
    assert sandbox.handle("GET", "/v1/events").status == 401


def test_an_address_that_is_none_is_a_404(sandbox) -> None:
    answer = sandbox.handle("GET", "/v1/invoices", {"Authorization": "Bearer sk_test_x"})

    assert answer.status == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("body", ["%FF=1", "a[b]=1&a=2&a[c]=3", "a" + "[b]" * 50 + "=1"])
def test_a_body_that_makes_no_sense_is_a_400(sandbox, body: str) -> None:
    headers = {"Authorization": "Bearer sk_test_x"}

    assert sandbox.handle("POST", "/v1/checkout/sessions", headers, body).status == 400


def test_an_api_that_the_sandbox_does_not_play_answers_in_json(sandbox) -> None:
    answer = sandbox.handle("GET", "/v2/core/events", {"Authorization": "Bearer sk_test_x"})

    assert answer.status == 404
    assert "error" in answer.json()


def test_a_key_may_come_as_basic_authentication(sandbox) -> None:
    for text, status in (("sk_test_x:", 200), ("sk_live_x:", 401)):
        token = base64.b64encode(text.encode()).decode()
        headers = {"Authorization": f"Basic {token}"}
        assert sandbox.handle("GET", "/v1/balance", headers).status == status
    assert sandbox.handle("GET", "/v1/balance", {"Authorization": "Basic ???"}).status == 401
