import threading

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import line_item, session_params

pytestmark = pytest.mark.stripe_sdk


def test_a_card_pays(sandbox: Sandbox, client: stripe.StripeClient, open_session) -> None:
    session = open_session(payment_intent_data={"metadata": {"order": "7"}})

    payment = sandbox.pay(session.url)

    assert payment.status == "paid"
    assert payment.redirect_url == f"http://testserver/done/?session={session.id}"
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.payment_intent.status == "succeeded"
    assert paid.payment_intent.amount_received == 2000
    assert paid.payment_intent.metadata["order"] == "7"
    charge = paid.payment_intent.latest_charge
    assert (charge.paid, charge.metadata["order"]) == (True, "7")
    assert charge.payment_method_details.card.last4 == "4242"
    assert charge.receipt_url.endswith(charge.id)
    assert paid.customer_details.email == "shopper@example.com"


@pytest.mark.parametrize(
    ("card", "decline_code", "code"),
    [
        ("4000000000000002", "generic_decline", "card_declined"),
        ("4000000000009995", "insufficient_funds", "card_declined"),
        ("4000000000009987", "lost_card", "card_declined"),
        ("4000000000009979", "stolen_card", "card_declined"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4111111111111111", "test_mode_live_card", "card_declined"),
    ],
)
def test_a_declined_card_leaves_the_session_open(
    sandbox: Sandbox, local_client, open_session, card: str, decline_code: str, code: str
) -> None:
    session = open_session()

    payment = sandbox.pay(session.id, card)

    assert (payment.status, payment.decline_code) == ("declined", decline_code)
    assert payment.redirect_url is None
    after = local_client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (after.status, after.payment_status) == ("open", "unpaid")
    assert after.payment_intent.status == "requires_payment_method"
    assert after.payment_intent.last_payment_error.code == code
    assert sandbox.charges[0]["status"] == "failed"


def test_after_a_decline_another_card_pays_the_same_payment(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    sandbox.pay(session.id, "4000000000000002")
    assert sandbox.pay(session.id).status == "paid"

    [intent] = sandbox.payment_intents
    assert intent["last_payment_error"] is None
    assert [charge["status"] for charge in sandbox.charges] == ["failed", "succeeded"]


def test_a_mistyped_number_never_leaves_the_page(sandbox: Sandbox, open_session) -> None:
    payment = sandbox.pay(open_session().id, "4242424242424241")

    assert (payment.decline_code, payment.field) == ("incorrect_number", "number")
    assert sandbox.payment_intents == []


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"number": "4242"}, "number"),
        ({"number": "hello"}, "number"),
        ({"expiry": "13/40"}, "expiry"),
        ({"expiry": "01/20"}, "expiry"),
        ({"expiry": "soon"}, "expiry"),
        ({"cvc": "1"}, "cvc"),
        ({"name": ""}, "name"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_the_form_says_which_field_is_wrong(sandbox: Sandbox, open_session, form, field) -> None:
    payment = sandbox.pay(open_session().id, **form)

    assert (payment.status, payment.field) == ("declined", field)
    assert sandbox.charges == []


def test_a_second_click_pays_nothing(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    assert sandbox.pay(session.id) == sandbox.pay(session.id)

    assert len(sandbox.charges) == 1


def test_an_expired_session_cannot_be_paid(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.expire(session.id)

    assert sandbox.pay(session.id).status == "expired"
    assert sandbox.charges == []


def test_nothing_to_pay_needs_no_card(sandbox: Sandbox, open_session) -> None:
    session = open_session(line_items=[line_item(unit_amount=0)])

    payment = sandbox.pay(session.id, card="")

    assert payment.status == "complete"
    [done] = sandbox.sessions
    assert (done["status"], done["payment_status"]) == ("complete", "no_payment_required")
    assert done["payment_intent"] is None
    assert sandbox.payment_intents == []


@pytest.mark.parametrize("card", ["4000002500003155", "4000002760003184"])
def test_3d_secure_asks_first_and_then_pays(sandbox: Sandbox, open_session, card: str) -> None:
    session = open_session()

    payment = sandbox.pay(session.id, card)

    assert payment.status == "action_required"
    assert session.id in payment.redirect_url
    assert sandbox.payment_intents[0]["status"] == "requires_action"
    assert sandbox.sessions[0]["status"] == "open"
    assert sandbox.confirm_3ds(session.id).status == "paid"
    assert sandbox.sessions[0]["payment_status"] == "paid"


def test_3d_secure_that_fails_leaves_the_session_open(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id, "4000002500003155")

    payment = sandbox.confirm_3ds(session.id, ok=False)

    assert payment.status == "declined"
    [intent] = sandbox.payment_intents
    assert intent["status"] == "requires_payment_method"
    assert intent["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert sandbox.charges == []
    assert sandbox.pay(session.id).status == "paid"


def test_3d_secure_may_be_followed_by_a_decline(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id, "4000008400001629")

    payment = sandbox.confirm_3ds(session.id)

    assert (payment.status, payment.decline_code) == ("declined", "generic_decline")
    assert sandbox.sessions[0]["status"] == "open"


def test_confirming_twice_pays_once(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id, "4000002500003155")

    assert sandbox.confirm_3ds(session.id) == sandbox.confirm_3ds(session.id)

    assert len(sandbox.charges) == 1


def test_a_bank_debit_completes_the_session_unpaid(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    payment = sandbox.pay_by_bank_debit(session.id)

    assert payment.status == "processing"
    assert payment.redirect_url.endswith(session.id)
    [unpaid] = sandbox.sessions
    assert (unpaid["status"], unpaid["payment_status"]) == ("complete", "unpaid")
    assert sandbox.payment_intents[0]["status"] == "processing"
    assert sandbox.charges[0]["status"] == "pending"


def test_a_bank_debit_arrives_days_later(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay_by_bank_debit(session.id)
    sandbox.clock.advance(days=4)

    assert sandbox.settle(session.id).status == "paid"

    assert sandbox.sessions[0]["payment_status"] == "paid"
    assert sandbox.payment_intents[0]["status"] == "succeeded"


def test_a_bank_debit_may_fail(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay_by_bank_debit(session.id)

    assert sandbox.settle(session.id, ok=False).status == "declined"

    [unpaid] = sandbox.sessions
    assert (unpaid["status"], unpaid["payment_status"]) == ("complete", "unpaid")
    assert sandbox.payment_intents[0]["status"] == "requires_payment_method"


@pytest.mark.parametrize(
    ("currency", "type"),
    [
        ("eur", "sepa_debit"),
        ("usd", "us_bank_account"),
        ("gbp", "bacs_debit"),
        ("cad", "acss_debit"),
    ],
)
def test_the_bank_debit_is_that_of_the_currency(
    sandbox: Sandbox, open_session, currency, type
) -> None:
    session = open_session(line_items=[line_item(currency=currency)])

    assert session.payment_method_types == ["card", type]


def test_a_host_may_leave_the_bank_debit_out(sandbox: Sandbox, open_session) -> None:
    session = open_session(excluded_payment_method_types=["us_bank_account"])

    assert session.payment_method_types == ["card"]


def test_a_session_expires_when_its_time_has_come(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session = open_session(expires_at=sandbox.clock.now() + 31 * 60)
    sandbox.pay(session.id, "4000000000000002")

    sandbox.clock.advance(minutes=32)

    assert local_client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert sandbox.payment_intents[0]["status"] == "canceled"
    assert sandbox.events[-1]["type"] == "checkout.session.expired"


def test_a_paid_session_never_expires(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id)

    sandbox.clock.advance(days=2)

    assert sandbox.sessions[0]["status"] == "complete"
    assert "checkout.session.expired" not in [event["type"] for event in sandbox.events]


def test_many_clicks_at_once_pay_once(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    statuses: list[str] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(sandbox.pay(session.id).status))
        for _ in range(12)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == ["paid"] * 12
    assert len(sandbox.charges) == 1


def test_a_session_for_bank_debits_takes_no_card(local_client, sandbox: Sandbox) -> None:
    session = local_client.v1.checkout.sessions.create(
        session_params(payment_method_types=["us_bank_account"]),
        {"stripe_version": "2025-09-30.clover"},
    )

    assert sandbox.pay(session.id).status == "processing"


def test_confirming_or_settling_an_unasked_payment_changes_nothing(
    sandbox: Sandbox, open_session
) -> None:
    session = open_session()
    sandbox.pay(session.id, "4000000000000002")

    assert sandbox.confirm_3ds(session.id).status == "declined"
    sandbox.pay(session.id)
    assert sandbox.settle(session.id, ok=False).status == "paid"
    assert sandbox.sessions[0]["payment_status"] == "paid"


def test_what_expired_is_neither_confirmed_nor_charged(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id, "4000002500003155")
    sandbox.expire(session.id)

    assert sandbox.confirm_3ds(session.id).status == "expired"
    assert sandbox.charges == []


def test_automatic_tax_is_worked_out_when_the_shopper_pays(sandbox: Sandbox, open_session) -> None:
    session = open_session(automatic_tax={"enabled": True})
    assert session.automatic_tax.status == "requires_location_inputs"

    sandbox.pay(session.id)

    assert sandbox.sessions[0]["automatic_tax"]["status"] == "complete"
