import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import HOOK, Merchant

pytestmark = pytest.mark.stripe_sdk


def test_a_payment_sends_its_events(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox)
    session = open_session()

    sandbox.pay(session.id)

    assert merchant.types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    completed = merchant.received[-1]
    assert completed.data.object.id == session.id
    assert completed.data.object.payment_status == "paid"
    assert completed.livemode is False
    assert sandbox.pending_deliveries == []
    assert all(event["pending_webhooks"] == 0 for event in sandbox.events)


@pytest.mark.parametrize(
    ("ok", "told"),
    [
        (True, "checkout.session.async_payment_succeeded"),
        (False, "checkout.session.async_payment_failed"),
    ],
)
def test_a_bank_debit_sends_events_when_started_and_when_settled(
    sandbox: Sandbox, open_session, ok: bool, told: str
) -> None:
    merchant = Merchant(sandbox)
    session = open_session()

    sandbox.pay_by_bank_debit(session.id)
    assert merchant.types[-3:] == [
        "charge.pending",
        "payment_intent.processing",
        "checkout.session.completed",
    ]
    sandbox.settle(session.id, ok=ok)

    assert merchant.types[-1] == told


def test_a_decline_and_an_expiry_send_events(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox)
    session = open_session()

    sandbox.pay(session.id, "4000000000000002")
    sandbox.expire(session.id)

    assert merchant.types == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
        "payment_intent.canceled",
        "checkout.session.expired",
    ]


def test_an_event_is_a_snapshot(sandbox: Sandbox, local_client, open_session) -> None:
    session = open_session()
    sandbox.pay_by_bank_debit(session.id)
    sandbox.settle(session.id)

    [event] = local_client.v1.events.list({"type": "checkout.session.completed"}).data

    assert event.data.object.payment_status == "unpaid"


def test_an_event_names_the_call_that_caused_it(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session, other = open_session(), open_session()

    local_client.v1.checkout.sessions.expire(session.id, options={"idempotency_key": "expire-1"})
    sandbox.expire(other.id)

    by_call, by_hand = sandbox.events
    assert by_call["request"]["id"].startswith("req_")
    assert by_call["request"]["idempotency_key"] == "expire-1"
    assert by_hand["request"] == {"id": None, "idempotency_key": None}


def test_only_what_was_asked_for_is_sent(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")

    sandbox.pay(open_session().id)

    assert merchant.types == ["checkout.session.completed"]


def test_a_failed_delivery_is_tried_again_later(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")
    merchant.answers = [500, 302, 200]

    sandbox.pay(open_session().id)
    assert len(merchant.received) == 1
    assert sandbox.deliver() == []
    sandbox.clock.advance(seconds=2)
    assert len(merchant.received) == 2
    sandbox.clock.advance(seconds=5)

    assert len(merchant.received) == 3
    assert {event.id for event in merchant.received} == {merchant.received[0].id}
    assert sandbox.pending_deliveries == []


def test_deliveries_are_given_up_in_the_end(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")
    merchant.answers = [500] * 100

    sandbox.pay(open_session().id)
    for _ in range(100):
        sandbox.clock.advance(hours=12)

    assert sandbox.pending_deliveries == []
    assert len(merchant.received) == 10


def test_a_receiver_that_raises_is_a_failed_delivery(
    sandbox: Sandbox, open_session, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.add_webhook_endpoint(HOOK, enabled_events=["checkout.session.completed"])

    def explode(url: str, body: bytes, headers: dict[str, str]) -> int:
        raise RuntimeError("boom")

    sandbox.deliver_with(explode)

    assert sandbox.pay(open_session().id).status == "paid"

    [delivery] = sandbox.pending_deliveries
    assert (delivery["attempts"], delivery["answer"]) == (1, "RuntimeError")
    assert "boom" in caplog.text


def test_deliveries_can_be_held_back(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")
    sandbox.hold_deliveries = True

    sandbox.pay(open_session().id)

    assert merchant.received == []
    assert len(sandbox.pending_deliveries) == 1
    assert [one["status"] for one in sandbox.deliver()] == ["delivered"]
    assert merchant.types == ["checkout.session.completed"]


def test_several_secrets_sign_side_by_side(sandbox: Sandbox, open_session) -> None:
    headers: list[dict[str, str]] = []
    bodies: list[bytes] = []
    sandbox.add_webhook_endpoint(HOOK, ["whsec_new", "whsec_old"], ["checkout.session.completed"])

    def keep(url: str, body: bytes, given: dict[str, str]) -> int:
        headers.append(given)
        bodies.append(body)
        return 200

    sandbox.deliver_with(keep)
    sandbox.pay(open_session().id)

    for secret in ("whsec_new", "whsec_old"):
        event = stripe.Webhook.construct_event(bodies[0], headers[0]["Stripe-Signature"], secret)
        assert event.type == "checkout.session.completed"
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(bodies[0], headers[0]["Stripe-Signature"], "whsec_other")


def test_a_body_can_be_signed_by_hand(sandbox: Sandbox) -> None:
    body = json.dumps({"id": "evt_1", "object": "event"}).encode()

    header = sandbox.sign(body, "whsec_x")

    assert stripe.Webhook.construct_event(body, header, "whsec_x").id == "evt_1"
    assert sandbox.sign(body, "whsec_x", timestamp=1).startswith("t=1,v1=")


def test_signatures_show_the_receivers_time_however_the_clock_was_moved(
    sandbox: Sandbox, open_session
) -> None:
    merchant = Merchant(sandbox, "checkout.session.expired")
    open_session()

    sandbox.clock.advance(days=400)

    assert merchant.types == ["checkout.session.expired"]


def test_a_receiver_may_call_the_api_and_cause_more_events(
    sandbox: Sandbox, local_client, open_session
) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed", "checkout.session.expired")
    first, second = open_session(), open_session()

    def receive(url: str, body: bytes, headers: dict[str, str]) -> int:
        answer = merchant.receive(url, body, headers)
        if len(merchant.received) == 1:
            assert local_client.v1.checkout.sessions.retrieve(first.id).payment_status == "paid"
            local_client.v1.checkout.sessions.expire(second.id)
        return answer

    sandbox.deliver_with(receive)
    sandbox.pay(first.id)

    assert merchant.types == ["checkout.session.completed", "checkout.session.expired"]


class Receiver:
    """A merchant's server on a port of this machine."""

    def __init__(self, answers: list[int]) -> None:
        self.received: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = answers.pop(0) if answers else 200
                receiver.received.append(json.loads(body)["type"])
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/login/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def receiver():
    receiver = Receiver([])
    yield receiver
    receiver.close()


def test_webhooks_go_over_http_and_arrive_before_the_shopper_returns(
    sandbox: Sandbox, open_session, receiver: Receiver
) -> None:
    sandbox.add_webhook_endpoint(receiver.url, enabled_events=["checkout.session.completed"])

    with sandbox.serve():
        payment = sandbox.pay(open_session().id)

    assert payment.status == "paid"
    assert receiver.received == ["checkout.session.completed"]


def test_a_redirect_is_a_failure_and_is_not_followed(sandbox: Sandbox, open_session) -> None:
    receiver = Receiver([302])
    sandbox.add_webhook_endpoint(receiver.url, enabled_events=["checkout.session.completed"])

    sandbox.pay(open_session().id)
    [failed] = sandbox.deliver()
    sandbox.clock.advance(seconds=2)
    [delivered] = sandbox.deliver()
    receiver.close()

    assert (failed["answer"], delivered["answer"]) == (302, 200)
    assert len(receiver.received) == 2


def test_a_merchant_that_is_away_does_not_stop_a_payment(sandbox: Sandbox, open_session) -> None:
    sandbox.add_webhook_endpoint("http://127.0.0.1:9/hook/")

    with sandbox.serve():
        assert sandbox.pay(open_session().id).status == "paid"
        assert sandbox.pending_deliveries
