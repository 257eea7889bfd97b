import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.errors import ApiError
from tests.sandbox.merchant import Merchant, line_item

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


def test_a_dispute_says_why_how_much_and_until_when(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session = open_session()
    sandbox.pay(session.id)

    opened = sandbox.open_dispute(session.id, reason="product_not_received", amount=700)

    dispute = local_client.v1.disputes.retrieve(opened["id"])
    assert (dispute.reason, dispute.amount, dispute.currency) == (
        "product_not_received",
        700,
        "usd",
    )
    assert dispute.evidence_details.due_by == dispute.created + 9 * 24 * 60 * 60
    assert dispute.created == pytest.approx(sandbox.clock.now(), abs=60)
    assert dispute.balance_transactions[0].amount == -700


@pytest.mark.parametrize("amount", [0, 2001])
def test_a_dispute_is_about_no_more_than_its_payment(
    sandbox: Sandbox, open_session, amount: int
) -> None:
    session = open_session()
    sandbox.pay(session.id)

    with pytest.raises(ApiError, match="no more than"):
        sandbox.open_dispute(session.id, amount=amount)


def test_a_bank_debit_that_the_bank_takes_back_is_lost_from_the_start(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session = open_session(line_items=[line_item(currency="eur")])
    sandbox.pay_by_bank_debit(session.id)
    sandbox.settle(session.id)
    merchant = Merchant(sandbox)

    opened = sandbox.open_dispute(session.id, reason="debit_not_authorized", status="lost")

    dispute = local_client.v1.disputes.retrieve(opened["id"])
    assert (dispute.status, dispute.evidence_details.due_by) == ("lost", 0)
    assert dispute.payment_method_details is None
    assert dispute.balance_transactions[0].amount == -1000
    assert merchant.types == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.closed",
    ]
    assert sandbox.charges[0]["disputed"]
    with pytest.raises(ApiError, match="already closed"):
        sandbox.close_dispute(dispute.id)


def test_a_payment_can_be_refunded_once_no_dispute_withholds_its_money(
    sandbox: Sandbox, open_session
) -> None:
    session = open_session()
    sandbox.pay(session.id)
    first, second = (sandbox.open_dispute(session.id, amount=900) for _ in range(2))
    assert [one["id"] for one in sandbox.disputes] == [first["id"], second["id"]]

    sandbox.close_dispute(first, won=True)
    with pytest.raises(ApiError, match="charged back"):
        sandbox.refund(session.id, amount=100)

    sandbox.set_dispute_status(second, "won")
    assert sandbox.refund(session.id, amount=100)["status"] == "succeeded"


def test_a_lost_dispute_keeps_its_payment_from_being_refunded(
    sandbox: Sandbox, open_session
) -> None:
    session = open_session()
    sandbox.pay(session.id)
    sandbox.close_dispute(sandbox.open_dispute(session.id), won=False)

    with pytest.raises(ApiError, match="charged back"):
        sandbox.refund(session.id)


def test_an_inquiry_that_becomes_a_dispute_takes_the_money(sandbox: Sandbox, open_session) -> None:
    session = open_session()
    sandbox.pay(session.id)
    inquiry = sandbox.open_dispute(session.id, is_inquiry=True)
    merchant = Merchant(sandbox)

    escalated = sandbox.set_dispute_status(inquiry, "needs_response")

    assert merchant.types == ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]
    assert len(escalated["balance_transactions"]) == 1
    assert sandbox.charges[0]["disputed"]
    with pytest.raises(ApiError, match="charged back"):
        sandbox.refund(session.id)

    assert sandbox.close_dispute(inquiry)["status"] == "won"
    assert sandbox.refund(session.id)["status"] == "succeeded"
