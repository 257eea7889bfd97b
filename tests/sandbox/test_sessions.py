import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import line_item, session_params

pytestmark = pytest.mark.stripe_sdk


def test_a_new_session_is_open_and_has_an_address(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params(client_reference_id="order-1"))

    assert session.status == "open"
    assert session.payment_status == "unpaid"
    assert session.amount_total == 2000
    assert session.client_reference_id == "order-1"
    assert session.payment_intent is None
    assert session.id.startswith("cs_test_")
    assert len(session.id) == 66


def test_the_address_is_long_and_ends_in_a_fragment(open_session) -> None:
    url = open_session().url

    assert 330 <= len(url) <= 336
    assert "#" in url


def test_a_session_read_again_is_the_same(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params(metadata={"order": "7"}))

    again = client.v1.checkout.sessions.retrieve(session.id)

    assert again.last_response.data == session.last_response.data
    assert again.metadata["order"] == "7"


def test_the_lines_are_listed_in_their_order(client: stripe.StripeClient) -> None:
    items = [line_item("Tea"), line_item("Pot", 2500), line_item("Cup", 800, quantity=4)]
    session = client.v1.checkout.sessions.create(session_params(line_items=items))

    lines = client.v1.checkout.sessions.line_items.list(session.id, {"limit": 2})

    assert [line.description for line in lines.data] == ["Tea", "Pot"]
    assert lines.has_more
    assert [line.description for line in lines.auto_paging_iter()] == ["Tea", "Pot", "Cup"]


def test_an_unknown_session_is_a_404(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.retrieve("cs_test_nothing")

    assert (caught.value.http_status, caught.value.code) == (404, "resource_missing")


def test_an_open_session_can_be_expired_once(client: stripe.StripeClient) -> None:
    session = client.v1.checkout.sessions.create(session_params())

    expired = client.v1.checkout.sessions.expire(session.id)

    assert (expired.status, expired.url) == ("expired", None)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.expire(session.id)
    assert caught.value.http_status == 400


def test_what_a_host_merges_in_is_echoed(open_session) -> None:
    session = open_session(
        allow_promotion_codes=True,
        automatic_tax={"enabled": True},
        billing_address_collection="required",
        consent_collection={"terms_of_service": "required"},
        custom_text={"submit": {"message": "Thank you"}},
        customer_creation="always",
        customer_email="ada@example.com",
        invoice_creation={"enabled": True},
        locale="de",
        phone_number_collection={"enabled": True},
        shipping_address_collection={"allowed_countries": ["DE", "AT"]},
        submit_type="book",
        tax_id_collection={"enabled": True},
        payment_intent_data={"description": "Order 7", "receipt_email": "ada@example.com"},
        payment_method_options={"card": {"request_three_d_secure": "any"}},
    ).last_response.data

    assert session["allow_promotion_codes"] is True
    assert session["automatic_tax"]["enabled"] is True
    assert session["billing_address_collection"] == "required"
    assert session["custom_text"]["submit"] == {"message": "Thank you"}
    assert session["customer_creation"] == "always"
    assert session["customer_email"] == "ada@example.com"
    assert session["invoice_creation"]["enabled"] is True
    assert session["locale"] == "de"
    assert session["phone_number_collection"] == {"enabled": True}
    assert session["shipping_address_collection"] == {"allowed_countries": ["DE", "AT"]}
    assert session["submit_type"] == "book"
    assert session["tax_id_collection"]["enabled"] is True


def test_the_first_shipping_option_is_part_of_the_total(sandbox: Sandbox, open_session) -> None:
    options = [
        {
            "shipping_rate_data": {
                "display_name": name,
                "fixed_amount": {"amount": amount, "currency": "usd"},
            }
        }
        for name, amount in (("Post", 490), ("Courier", 1290))
    ]
    session = open_session(shipping_options=options)

    assert session.amount_subtotal == 2000
    assert session.amount_total == 2490
    assert session.total_details.amount_shipping == 490

    courier = session.shipping_options[1].shipping_rate
    sandbox.pay(session.id, shipping_rate=courier)

    assert sandbox.sessions[0]["amount_total"] == 3290
    assert sandbox.payment_intents[0]["amount"] == 3290


def test_the_hosted_page_is_called_as_the_version_calls_it(
    sandbox: Sandbox, local_client: stripe.StripeClient
) -> None:
    for version, name in (("2025-09-30.clover", "hosted"), ("2026-03-25.dahlia", "hosted_page")):
        session = local_client.v1.checkout.sessions.create(
            session_params(ui_mode=name), {"stripe_version": version}
        )

        assert session.ui_mode == name
        assert session.last_response.headers["stripe-version"] == version


def test_the_account_and_its_balance_can_be_read(
    sandbox: Sandbox, client: stripe.StripeClient, open_session
) -> None:
    sandbox.pay(open_session().id)

    balance = client.v1.balance.retrieve()

    assert balance.pending[0].amount == 2000 - (2000 * 29 // 1000 + 30)
    sandbox.clock.advance(days=3)
    assert client.v1.balance.retrieve().available[0].amount > 0
    account = sandbox.handle("GET", "/v1/account", {"Authorization": "Bearer sk_test_x"}).json()
    assert account["id"].startswith("acct_")


def test_free_goods_with_postage_cost_the_postage(
    sandbox: Sandbox, local_client: stripe.StripeClient, open_session
) -> None:
    rate = {"display_name": "Post", "fixed_amount": {"amount": 490, "currency": "usd"}}
    session = open_session(
        line_items=[line_item("Sample", unit_amount=0)],
        shipping_options=[{"shipping_rate_data": rate}],
    )
    assert (session.amount_subtotal, session.amount_total) == (0, 490)

    assert sandbox.pay(session.id).status == "paid"

    paid = local_client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (paid.payment_status, paid.amount_total) == ("paid", 490)
    assert (paid.total_details.amount_shipping, paid.shipping_cost.amount_total) == (490, 490)
    assert paid.payment_intent.amount_received == 490
