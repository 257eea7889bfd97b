import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import Merchant

pytestmark = pytest.mark.stripe_sdk

DISPUTED = "4000000000000259"


def test_one_card_pays_and_is_disputed(
    sandbox: Sandbox, client: stripe.StripeClient, open_session
) -> None:
    merchant = Merchant(sandbox)

    assert sandbox.pay(open_session().id, DISPUTED).status == "paid"

    assert merchant.types[-3:] == [
        "checkout.session.completed",
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
    ]
    [charge] = sandbox.charges
    [dispute] = client.v1.disputes.list({"payment_intent": charge["payment_intent"]}).data
    assert charge["disputed"]
    assert (dispute.status, dispute.reason) == ("needs_response", "fraudulent")
    assert (dispute.amount, dispute.charge) == (2000, charge["id"])
    assert dispute.balance_transactions[0].net == -3500
    assert client.v1.disputes.retrieve(dispute.id).id == dispute.id


def test_what_is_disputed_cannot_be_refunded(sandbox: Sandbox, local_client, open_session) -> None:
    sandbox.pay(open_session().id, DISPUTED)

    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.refunds.create({"payment_intent": sandbox.payment_intents[0]["id"]})

    assert caught.value.code == "charge_disputed"


@pytest.mark.parametrize(
    ("won", "status", "told"),
    [
        (True, "won", ["charge.dispute.closed", "charge.dispute.funds_reinstated"]),
        (False, "lost", ["charge.dispute.closed"]),
    ],
)
def test_a_dispute_is_won_or_lost(sandbox: Sandbox, open_session, won, status, told) -> None:
    sandbox.pay(open_session().id, DISPUTED)
    merchant = Merchant(sandbox)

    closed = sandbox.close_dispute(sandbox.disputes[0]["id"], won=won)

    assert closed["status"] == status
    assert merchant.types == told
    assert closed["is_charge_refundable"] is won


def test_any_payment_can_be_disputed_and_reviewed(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id)
    merchant = Merchant(sandbox)

    dispute = sandbox.open_dispute(session.id)
    sandbox.set_dispute_status(dispute, "under_review")

    assert merchant.types == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
    ]
    assert sandbox.disputes[0]["status"] == "under_review"


def test_an_inquiry_takes_no_money(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id)

    inquiry = sandbox.open_dispute(session.id, is_inquiry=True)

    assert inquiry["status"] == "warning_needs_response"
    assert not sandbox.charges[0]["disputed"]
    assert sandbox.refund(session.id)["status"] == "succeeded"
    assert sandbox.close_dispute(inquiry)["status"] == "warning_closed"


def test_a_dispute_is_closed_once(sandbox: Sandbox, open_session) -> None:
    sandbox.pay(open_session().id, DISPUTED)
    sandbox.close_dispute(sandbox.disputes[0], won=False)

    with pytest.raises(Exception, match="already closed"):
        sandbox.close_dispute(sandbox.disputes[0])
