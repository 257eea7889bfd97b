"""Reviews and early fraud warnings, through the SDK."""

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.errors import ApiError
from tests.sandbox.merchant import Merchant, line_item

pytestmark = pytest.mark.stripe_sdk


@pytest.fixture
def session(sandbox: Sandbox, open_session):
    """A paid session."""
    session = open_session()
    sandbox.pay(session.id)
    return session


def test_a_review_is_opened_found_and_approved(
    sandbox: Sandbox, client: stripe.StripeClient, session
) -> None:
    merchant = Merchant(sandbox)
    opened = sandbox.open_review(session.id)

    [review] = client.v1.reviews.list({"expand": ["data.charge"]}).data
    assert (review.id, review.open, review.closed_reason) == (opened["id"], True, None)
    assert (review.reason, review.opened_reason) == ("rule", "rule")
    assert review.charge.outcome.type == "manual_review"
    intent = client.v1.payment_intents.retrieve(
        review.payment_intent, {"expand": ["review", "latest_charge"]}
    )
    assert (intent.review.id, intent.latest_charge.review) == (review.id, review.id)

    approved = client.v1.reviews.approve(review.id)

    assert (approved.open, approved.reason, approved.closed_reason) == (
        False,
        "approved",
        "approved",
    )
    assert client.v1.reviews.list().data == []
    assert client.v1.reviews.retrieve(review.id).closed_reason == "approved"
    assert merchant.types == ["review.opened", "review.closed"]
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.reviews.approve(review.id)


@pytest.mark.parametrize(
    ("reason", "closed"), [(None, "refunded"), ("fraudulent", "refunded_as_fraud")]
)
def test_a_refund_of_the_rest_closes_the_review(
    sandbox: Sandbox, session, reason: str | None, closed: str
) -> None:
    sandbox.open_review(session.id)

    sandbox.refund(session.id, amount=500)
    assert sandbox.reviews[0]["open"]

    merchant = Merchant(sandbox)
    sandbox.refund(session.id, reason=reason)
    assert sandbox.reviews[0]["closed_reason"] == closed
    assert merchant.types[-1] == "review.closed"


def test_a_dispute_closes_the_review_and_an_inquiry_does_not(sandbox: Sandbox, session) -> None:
    sandbox.open_review(session.id)

    sandbox.open_dispute(session.id, is_inquiry=True)
    assert sandbox.reviews[0]["open"]

    sandbox.open_dispute(session.id)
    assert sandbox.reviews[0]["closed_reason"] == "disputed"


def test_a_payment_is_reviewed_once_at_a_time(sandbox: Sandbox, session) -> None:
    first = sandbox.open_review(session.id, opened_reason="manual")
    with pytest.raises(ApiError, match="already in review"):
        sandbox.open_review(session.id)

    sandbox.close_review(first, reason="redacted")
    second = sandbox.open_review(session.id)

    assert sandbox.payment_intents[0]["review"] == second["id"]


def test_only_a_payment_that_succeeded_is_reviewed_disputed_or_warned_of(
    sandbox: Sandbox, open_session
) -> None:
    failed, debit = open_session(), open_session(line_items=[line_item(currency="eur")])
    sandbox.pay(failed.id, "4000000000000002")
    sandbox.pay_by_bank_debit(debit.id)

    for act in (sandbox.open_review, sandbox.open_dispute, sandbox.warn_of_fraud):
        for session in (failed, debit):
            with pytest.raises(ApiError, match="succeeded"):
                act(session.id)

    sandbox.settle(debit.id)
    assert sandbox.open_review(debit.id)["open"]
    with pytest.raises(ApiError, match="Only a card payment"):
        sandbox.warn_of_fraud(debit.id)


def test_unknown_reasons_are_refused(sandbox: Sandbox, session) -> None:
    review = sandbox.open_review(session.id)

    with pytest.raises(ValueError, match="review is closed as one of"):
        sandbox.close_review(review, reason="bored")
    with pytest.raises(ValueError, match="review is opened by one of"):
        sandbox.open_review(session.id, opened_reason="whim")
    with pytest.raises(ValueError, match="type of fraud is one of"):
        sandbox.warn_of_fraud(session.id, fraud_type="bad luck")


def test_a_warning_is_found_by_its_payment(
    sandbox: Sandbox, client: stripe.StripeClient, session, open_session
) -> None:
    other = open_session()
    sandbox.pay(other.id)
    merchant = Merchant(sandbox)

    warned = sandbox.warn_of_fraud(session.id)
    sandbox.warn_of_fraud(other.id, fraud_type="misc")

    warnings = client.v1.radar.early_fraud_warnings
    found = warnings.list({"payment_intent": warned["payment_intent"]}).data
    assert [one.id for one in found] == [warned["id"]]
    assert [one.id for one in warnings.list({"charge": warned["charge"]}).data] == [warned["id"]]
    assert len(warnings.list().data) == 2
    warning = warnings.retrieve(warned["id"], {"expand": ["charge"]})
    assert (warning.actionable, warning.fraud_type) == (True, "made_with_stolen_card")
    assert warning.charge.id == warned["charge"]
    assert merchant.types == ["radar.early_fraud_warning.created"] * 2
    assert merchant.received[0].data.object.object == "radar.early_fraud_warning"


def test_a_warning_is_over_once_all_is_refunded(sandbox: Sandbox, session) -> None:
    sandbox.warn_of_fraud(session.id)
    merchant = Merchant(sandbox, "radar.early_fraud_warning.updated")

    sandbox.refund(session.id, amount=500)
    assert sandbox.early_fraud_warnings[0]["actionable"]

    rest = sandbox.refund(session.id)
    assert not sandbox.early_fraud_warnings[0]["actionable"]
    assert merchant.received[0].data.previous_attributes.actionable is True

    sandbox.set_refund_status(rest, "failed")
    assert sandbox.early_fraud_warnings[0]["actionable"]
    assert len(merchant.types) == 2


def test_a_warning_is_over_once_the_payment_is_disputed(sandbox: Sandbox, session) -> None:
    sandbox.warn_of_fraud(session.id)
    inquiry = sandbox.open_dispute(session.id, is_inquiry=True)
    assert sandbox.early_fraud_warnings[0]["actionable"]

    sandbox.set_dispute_status(inquiry, "needs_response")

    assert not sandbox.early_fraud_warnings[0]["actionable"]
    assert not sandbox.warn_of_fraud(session.id)["actionable"]


def test_the_dashboard_reviews_approves_and_warns(sandbox: Sandbox, session) -> None:
    def press(action: str) -> str:
        path = f"/dashboard/sessions/{session.id}"
        assert sandbox.handle("POST", path, {}, f"action={action}").status == 303
        return sandbox.handle("GET", "/").body.decode()

    assert "In review" in press("review")
    page = press("approve")
    assert "In review" not in page
    assert "Warn of fraud" in page
    page = press("warn")
    assert "Fraud warning" in page
    assert "Warn of fraud" not in page
    refused = sandbox.handle("POST", f"/dashboard/sessions/{session.id}", {}, "action=approve")
    assert b"not in review" in refused.body
