"""Every object that the sandbox returns is what the installed SDK says it is."""

import json
from typing import Any

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.contract import breaches, shapes
from tests.sandbox.merchant import HOOK, line_item, session_params

pytestmark = pytest.mark.stripe_sdk

IS_NEWEST = int(stripe.VERSION.split(".")[0]) >= 16
SHIPPING = {
    "shipping_rate_data": {
        "display_name": "Post",
        "fixed_amount": {"amount": 490, "currency": "usd"},
    }
}
EVERYTHING: dict[str, Any] = {
    "adaptive_pricing": {"enabled": False},
    "after_expiration": {"recovery": {"enabled": True}},
    "automatic_tax": {"enabled": True},
    "billing_address_collection": "required",
    "client_reference_id": "order-1",
    "consent_collection": {"terms_of_service": "required"},
    "custom_text": {"submit": {"message": "Thank you"}},
    "customer_email": "ada@example.com",
    "discounts": [{"coupon": "TENTH"}],
    "invoice_creation": {"enabled": True, "invoice_data": {"footer": "Thank you"}},
    "line_items": [{**line_item(quantity=3), "adjustable_quantity": {"enabled": True}}],
    "locale": "de",
    "metadata": {"order": "1"},
    "payment_intent_data": {"description": "Order 1", "statement_descriptor_suffix": "TEA"},
    "phone_number_collection": {"enabled": True},
    "shipping_address_collection": {"allowed_countries": ["DE"]},
    "shipping_options": [SHIPPING],
    "submit_type": "pay",
    "tax_id_collection": {"enabled": True},
}
BUY = "payment_intent.latest_charge"


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    """Everything that a busy day's calls and webhooks contain."""
    sandbox, bodies = Sandbox(), []
    sandbox.add_webhook_endpoint(HOOK)
    sandbox.deliver_with(lambda url, body, headers: bodies.append(json.loads(body)) or 200)
    client = stripe.StripeClient("sk_test_x", http_client=sandbox.http_client())
    sandbox.add_coupon("TENTH", percent_off=10)
    _live_a_day(sandbox, client)
    found = {f"{call} #{n}": answer for n, (call, answer) in enumerate(_read_all(sandbox, client))}
    found |= {f"webhook {event['type']} #{n}": event for n, event in enumerate(bodies)}
    sandbox.close()
    return found


def _live_a_day(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    create = client.v1.checkout.sessions.create
    full = create(session_params(**EVERYTHING))
    sandbox.pay(full.id, "4000000000000002")
    sandbox.pay(full.id)
    sandbox.refund(full.id, amount=100, reason="duplicate")
    for card in ("4000000000000259", "4000000000007726", "4000000000005126"):
        session = create(session_params())
        sandbox.pay(session.id, card)
        if card != "4000000000000259":
            sandbox.refund(session.id)
    asked, failed, late, free = (create(session_params()) for _ in range(4))
    sandbox.pay(asked.id, "4000002500003155")
    sandbox.pay(failed.id, "4000002500003155")
    sandbox.confirm_3ds(failed.id, ok=False)
    for ok in (True, False):
        debit = create(session_params(line_items=[line_item(currency="eur" if ok else "usd")]))
        sandbox.pay_by_bank_debit(debit.id)
        sandbox.settle(debit.id, ok=ok)
    waiting = create(session_params(line_items=[line_item(currency="gbp")]))
    sandbox.pay_by_bank_debit(waiting.id)
    sandbox.expire(late.id)
    free = create(session_params(line_items=[line_item(unit_amount=0)]))
    sandbox.pay(free.id)
    sandbox.set_dispute_status(sandbox.disputes[0], "under_review")
    sandbox.close_dispute(sandbox.disputes[0], won=True)
    sandbox.open_dispute(full.id, is_inquiry=True)
    sandbox.close_review(sandbox.open_review(full.id), reason="redacted")
    sandbox.open_review(full.id)
    sandbox.warn_of_fraud(full.id)
    settled = next(one for one in sandbox.sessions if one["currency"] == "eur")
    sandbox.open_dispute(settled, reason="debit_not_authorized", status="lost")
    sandbox.set_refund_status(sandbox.refunds[0], "requires_action")
    sandbox.clock.advance(minutes=5)


def _read_all(sandbox: Sandbox, client: stripe.StripeClient) -> list[tuple[str, Any]]:
    read = {"Authorization": "Bearer sk_test_x"}
    targets = [
        "/v1/account",
        "/v1/balance",
        "/v1/events?limit=100",
        "/v1/webhook_endpoints",
        "/v1/refunds?expand[]=data.charge&expand[]=data.balance_transaction",
        "/v1/disputes?expand[]=data.charge.payment_intent",
        "/v1/reviews?expand[]=data.charge&expand[]=data.payment_intent.review",
        "/v1/radar/early_fraud_warnings?expand[]=data.charge.review",
        f"/v1/checkout/sessions?limit=100&expand[]=data.{BUY}&expand[]=data.line_items",
        "/v1/payment_intents?limit=100&expand[]=data.payment_method",
        "/v1/charges?limit=100&expand[]=data.refunds&expand[]=data.balance_transaction",
    ]
    first = sandbox.sessions[0]["id"]
    targets += [
        f"/v1/checkout/sessions/{first}/line_items?expand[]=data.price.product",
        f"/v1/checkout/sessions/{first}?expand[]={BUY}.refunds&expand[]=line_items",
    ]
    answers = [(target, sandbox.handle("GET", target, read)) for target in targets]
    assert {answer.status for _, answer in answers} == {200}
    created = client.v1.webhook_endpoints.create({"url": HOOK, "enabled_events": ["*"]})
    return [(target, answer.json()) for target, answer in answers] + [
        ("POST /v1/webhook_endpoints", created.last_response.data)
    ]


def test_no_object_breaks_its_contract(answers: dict[str, Any]) -> None:
    found = [f"{call}: {one}" for call, answer in answers.items() for one in breaches(answer)]
    if not IS_NEWEST:
        # An older SDK does not know every field and word of the newest version of the API.
        found = [one for one in found if "is no field of" not in one and "none of" not in one]

    assert found == []


def test_every_kind_of_object_was_held_against_its_contract(answers: dict[str, Any]) -> None:
    seen: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("object"), str):
                seen.add(value["object"])
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(list(answers.values()))
    assert seen >= {
        "account", "balance", "balance_transaction", "charge", "checkout.session", "dispute",
        "event", "item", "payment_intent", "payment_method", "price", "product",
        "radar.early_fraud_warning", "refund", "review", "webhook_endpoint",
    }  # fmt: skip
    assert seen - {"list"} <= set(shapes())


def test_the_contract_finds_what_is_wrong(answers: dict[str, Any]) -> None:
    [charges] = [answer for call, answer in answers.items() if call.startswith("/v1/charges")]
    charge = charges["data"][0]

    assert breaches(charge) == []
    assert breaches({**charge, "amount": None}) == ["charge.amount is null"]
    assert breaches({**charge, "paid": 1}) == ["charge.paid is 1, not bool"]
    assert breaches({key: charge[key] for key in charge if key != "currency"}) == [
        "charge.currency is missing"
    ]
    assert "none of" in breaches({**charge, "status": "lost"})[0]
    if IS_NEWEST:
        assert "no field of" in breaches({**charge, "colour": "red"})[0]
