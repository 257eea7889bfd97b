from typing import Any

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import Merchant

pytestmark = pytest.mark.stripe_sdk

WAITS_FIRST, FAILS_LATER = "4000000000007726", "4000000000005126"


@pytest.fixture
def paid(sandbox: Sandbox, open_session) -> Any:
    """A payment of $20.00."""

    def pay(card: str = "4242424242424242") -> str:
        session = open_session()
        sandbox.pay(session.id, card)
        return sandbox.payment_intents[-1]["id"]

    return pay


def charge(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.charges[-1]


def test_a_payment_is_refunded_in_parts_and_then_wholly(
    sandbox: Sandbox, client: stripe.StripeClient, paid
) -> None:
    intent = paid()

    part = client.v1.refunds.create(
        {"payment_intent": intent, "amount": 500, "metadata": {"key": "1"}}
    )
    assert (part.status, part.amount, part.charge) == ("succeeded", 500, charge(sandbox)["id"])
    assert (charge(sandbox)["amount_refunded"], charge(sandbox)["refunded"]) == (500, False)

    rest = client.v1.refunds.create({"payment_intent": intent, "reason": "requested_by_customer"})
    assert (rest.amount, rest.reason) == (1500, "requested_by_customer")
    assert (charge(sandbox)["amount_refunded"], charge(sandbox)["refunded"]) == (2000, True)
    assert client.v1.refunds.retrieve(part.id).metadata["key"] == "1"


def test_refunds_are_listed_by_payment_and_by_charge(
    sandbox: Sandbox, client: stripe.StripeClient, paid
) -> None:
    intent, other = paid(), paid()
    refunds = [client.v1.refunds.create({"payment_intent": intent, "amount": n}) for n in (1, 2, 3)]
    client.v1.refunds.create({"payment_intent": other})
    ids = [refund.id for refund in refunds[::-1]]

    by_payment = client.v1.refunds.list({"payment_intent": intent, "limit": 2})
    by_charge = client.v1.refunds.list({"charge": refunds[0].charge})

    assert [refund.id for refund in by_payment.auto_paging_iter()] == ids
    assert [refund.id for refund in by_charge.data] == ids
    full = client.v1.charges.retrieve(refunds[0].charge, {"expand": ["refunds"]})
    assert [refund.id for refund in full.refunds.auto_paging_iter()] == ids


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"amount": 2001}, "amount", None),
        ({"amount": 0}, "amount", "parameter_invalid_integer"),
        ({"amount": -5}, "amount", "parameter_invalid_integer"),
        ({"reason": "boredom"}, "reason", None),
        ({"colour": "red"}, "colour", "parameter_unknown"),
        ({"payment_intent": "pi_none"}, "payment_intent", "resource_missing"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(
    local_client: stripe.StripeClient, paid, params, param, code
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.refunds.create({"payment_intent": paid(), **params})

    assert (caught.value.param, caught.value.code) == (param, code)


def test_a_refund_is_of_something(local_client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.refunds.create({"amount": 5})

    assert caught.value.code == "parameter_missing"


def test_what_was_refunded_cannot_be_refunded_again(local_client, paid) -> None:
    intent = paid()
    local_client.v1.refunds.create({"payment_intent": intent})

    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.refunds.create({"payment_intent": intent})

    assert (caught.value.http_status, caught.value.code) == (400, "charge_already_refunded")


def test_no_more_than_is_left_can_be_refunded(local_client, paid) -> None:
    intent = paid()
    local_client.v1.refunds.create({"payment_intent": intent, "amount": 1500})

    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.refunds.create({"payment_intent": intent, "amount": 501})

    assert caught.value.param == "amount"


def test_a_payment_that_never_succeeded_has_nothing_to_refund(
    sandbox: Sandbox, local_client, open_session
) -> None:
    sandbox.pay(open_session().id, "4000000000000002")
    intent = sandbox.payment_intents[0]["id"]

    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.refunds.create({"payment_intent": intent})


def test_one_key_refunds_once(sandbox: Sandbox, client: stripe.StripeClient, paid) -> None:
    params = {"payment_intent": paid(), "amount": 700}

    ids = {client.v1.refunds.create(params, {"idempotency_key": "r1"}).id for _ in range(3)}

    assert len(ids) == 1
    assert charge(sandbox)["amount_refunded"] == 700


def test_a_refund_sends_its_events(sandbox: Sandbox, local_client, paid) -> None:
    intent = paid()
    merchant = Merchant(sandbox)

    local_client.v1.refunds.create({"payment_intent": intent, "amount": 500})

    assert merchant.types == ["refund.created", "charge.refunded"]
    assert merchant.received[1].data.object.amount_refunded == 500


def test_some_refunds_wait_before_they_succeed(sandbox: Sandbox, local_client, paid) -> None:
    intent = paid(WAITS_FIRST)
    merchant = Merchant(sandbox, "refund.created", "refund.updated")

    refund = local_client.v1.refunds.create({"payment_intent": intent})
    assert (refund.status, refund.pending_reason) == ("pending", "processing")
    assert charge(sandbox)["amount_refunded"] == 2000
    sandbox.clock.advance(minutes=1)

    assert local_client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert merchant.types == ["refund.created", "refund.updated"]


def test_some_refunds_fail_after_they_succeeded(sandbox: Sandbox, local_client, paid) -> None:
    intent = paid(FAILS_LATER)
    merchant = Merchant(sandbox, "refund.updated", "refund.failed")

    refund = local_client.v1.refunds.create({"payment_intent": intent})
    assert refund.status == "succeeded"
    sandbox.clock.advance(minutes=1)

    failed = local_client.v1.refunds.retrieve(refund.id)
    assert (failed.status, failed.failure_reason) == ("failed", "expired_or_canceled_card")
    assert failed.failure_balance_transaction.startswith("txn_")
    assert (charge(sandbox)["amount_refunded"], charge(sandbox)["refunded"]) == (0, False)
    assert merchant.types == ["refund.updated", "refund.failed"]


def test_a_person_refunds_at_the_dashboard(sandbox: Sandbox, paid) -> None:
    intent = paid()
    merchant = Merchant(sandbox)

    refund = sandbox.refund(intent, amount=300)
    sandbox.refund(sandbox.sessions[0], reason="duplicate")

    assert refund["amount"] == 300
    assert [one["amount"] for one in sandbox.refunds] == [300, 1700]
    assert merchant.types[:2] == ["refund.created", "charge.refunded"]
    assert sandbox.events[-1]["request"]["id"] is None


@pytest.mark.parametrize("status", ["pending", "requires_action", "failed", "canceled"])
def test_a_refund_can_be_moved_anywhere(sandbox: Sandbox, paid, status: str) -> None:
    refund = sandbox.refund(paid(), amount=300)

    moved = sandbox.set_refund_status(refund, status)

    assert moved["status"] == status
    is_counted = status in ("pending", "requires_action")
    assert charge(sandbox)["amount_refunded"] == (300 if is_counted else 0)


def test_only_a_refund_that_waits_for_the_customer_is_canceled(
    sandbox: Sandbox, local_client, paid
) -> None:
    refund = sandbox.refund(paid())

    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.refunds.cancel(refund["id"])
    sandbox.set_refund_status(refund, "requires_action")

    assert local_client.v1.refunds.cancel(refund["id"]).status == "canceled"


def test_a_refund_keeps_notes(local_client, sandbox: Sandbox, paid) -> None:
    refund = sandbox.refund(paid())

    local_client.v1.refunds.update(refund["id"], {"metadata": {"ticket": "7"}})

    assert sandbox.refunds[0]["metadata"] == {"ticket": "7"}


def test_a_bank_debit_can_be_refunded_once_it_arrived(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session = open_session()
    sandbox.pay_by_bank_debit(session.id)
    intent = sandbox.payment_intents[0]["id"]
    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.refunds.create({"payment_intent": intent})

    sandbox.settle(session.id)

    assert local_client.v1.refunds.create({"payment_intent": intent}).status == "succeeded"


def test_a_refund_of_an_unknown_payment_is_refused(sandbox: Sandbox, open_session) -> None:
    for payment in (open_session().id, "pi_none"):
        with pytest.raises(Exception, match="No such charge"):
            sandbox.refund(payment)
    with pytest.raises(ValueError, match="A refund is one of"):
        sandbox.set_refund_status("re_1", "lost")


def test_a_failed_charge_cannot_be_refunded(sandbox: Sandbox, local_client, open_session) -> None:
    sandbox.pay(open_session().id, "4000000000000002")

    with pytest.raises(stripe.InvalidRequestError, match="succeeded"):
        local_client.v1.refunds.create({"charge": charge(sandbox)["id"]})


@pytest.mark.parametrize("card", [WAITS_FIRST, FAILS_LATER])
def test_a_refund_that_was_decided_stays_decided(sandbox: Sandbox, paid, card: str) -> None:
    refund = sandbox.refund(paid(card))
    sandbox.set_refund_status(refund, "canceled")

    sandbox.clock.advance(minutes=1)

    assert sandbox.refunds[0]["status"] == "canceled"


def test_the_refunds_of_a_charge_are_a_list_of_their_own(sandbox: Sandbox, paid) -> None:
    refund = sandbox.refund(paid())
    url = f"/v1/charges/{refund['charge']}/refunds"

    found = sandbox.handle("GET", url, {"Authorization": "Bearer sk_test_x"}).json()

    assert [one["id"] for one in found["data"]] == [refund["id"]]
    assert found["url"] == url
