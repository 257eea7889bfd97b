import json
from typing import Any

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import session_params

pytestmark = pytest.mark.stripe_sdk

JSON = {"Content-Type": "application/json"}


def post(sandbox: Sandbox, name: str, **arguments: Any) -> Any:
    answer = sandbox.handle("POST", f"/_sandbox/{name}", JSON, json.dumps(arguments))
    assert answer.status == 200, answer.body
    return answer.json()["result"]


def get(sandbox: Sandbox, name: str) -> Any:
    return sandbox.handle("GET", f"/_sandbox/{name}").json()["result"]


def test_the_actions_work_over_http(sandbox: Sandbox, open_session) -> None:
    session = open_session()

    assert post(sandbox, "pay", session=session.id, card="4000000000000002")["status"] == "declined"
    assert post(sandbox, "pay", session=session.url)["status"] == "paid"
    refund = post(sandbox, "refund", payment=session.id, amount=300)
    post(sandbox, "set_refund_status", refund=refund["id"], status="failed")
    review = post(sandbox, "open_review", payment=session.id)
    post(sandbox, "close_review", review=review["id"])
    post(sandbox, "warn_of_fraud", payment=session.id)
    dispute = post(sandbox, "open_dispute", payment=session.id)
    post(sandbox, "close_dispute", dispute=dispute["id"], won=False)

    assert [one["status"] for one in get(sandbox, "refunds")] == ["failed"]
    assert [one["reason"] for one in get(sandbox, "reviews")] == ["approved"]
    assert [one["actionable"] for one in get(sandbox, "early_fraud_warnings")] == [False]
    assert [one["status"] for one in get(sandbox, "disputes")] == ["lost"]
    assert get(sandbox, "requests")[0]["path"] == "/v1/checkout/sessions"


def test_faults_and_the_clock_are_moved_over_http(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session = open_session()

    post(sandbox, "faults/add", target="GET /v1/events", kind="rate_limit")
    assert get(sandbox, "faults")[0]["kind"] == "rate_limit"
    with pytest.raises(stripe.RateLimitError):
        local_client.v1.events.list()
    post(sandbox, "clock/advance", hours=25)
    clock = get(sandbox, "clock")

    assert clock["now"] - clock["wall"] >= 25 * 3600
    assert local_client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    post(sandbox, "reset")
    assert get(sandbox, "sessions") == []


def test_deliveries_are_held_and_let_go_over_http(sandbox: Sandbox, open_session) -> None:
    post(sandbox, "add_webhook_endpoint", url="http://testserver/hook/")
    sandbox.deliver_with(lambda url, body, headers: 200)
    post(sandbox, "hold_deliveries")
    sandbox.expire(open_session().id)
    assert len(get(sandbox, "pending_deliveries")) == 1

    [sent] = post(sandbox, "deliver")

    assert sent["status"] == "delivered"
    post(sandbox, "hold_deliveries", hold=False)
    assert not sandbox.hold_deliveries


@pytest.mark.parametrize(
    ("name", "headers", "body", "status"),
    [
        ("explode", JSON, "{}", 404),
        ("__class__", JSON, "{}", 404),
        ("pay", JSON, "{}", 400),
        ("pay", JSON, "[]", 400),
        ("pay", JSON, "{", 400),
        ("pay", JSON, '{"session": "cs_test_none"}', 404),
        ("reset", {"Content-Type": "text/plain"}, "{}", 415),
        ("reset", {**JSON, "Host": "127.0.0.1:1", "Origin": "http://evil.example"}, "{}", 403),
        ("reset", {**JSON, "Host": "evil.example"}, "{}", 403),
    ],
)
def test_nonsense_and_strangers_are_refused(sandbox: Sandbox, name, headers, body, status) -> None:
    assert sandbox.handle("POST", f"/_sandbox/{name}", headers, body).status == status


def test_a_list_that_is_none_is_a_404(sandbox: Sandbox) -> None:
    assert sandbox.handle("GET", "/_sandbox/_account").status == 404


def test_coupons_take_off_what_they_say(sandbox: Sandbox, local_client) -> None:
    post(sandbox, "add_coupon", id="TENTH", percent_off=10)
    sandbox.add_coupon("FIVER", amount_off=500, currency="usd")
    create = local_client.v1.checkout.sessions.create

    tenth = create(session_params(discounts=[{"coupon": "TENTH"}], expand=["line_items"]))
    fiver = create(session_params(discounts=[{"coupon": "FIVER"}]))

    assert (tenth.amount_subtotal, tenth.amount_total) == (2000, 1800)
    assert tenth.total_details.amount_discount == 200
    assert tenth.line_items.data[0].amount_discount == 200
    assert fiver.amount_total == 1500
    with pytest.raises(ValueError, match="either"):
        sandbox.add_coupon("NOTHING")
