import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import Merchant, session_params

pytestmark = pytest.mark.stripe_sdk

CREATE = "POST /v1/checkout/sessions"
KEY = {"idempotency_key": "order-1"}


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("rate_limit", stripe.RateLimitError, 429),
        ("lock_timeout", stripe.RateLimitError, 429),
        ("in_use", stripe.APIError, 409),
        ("bad_request", stripe.InvalidRequestError, 400),
        ("unauthorized", stripe.AuthenticationError, 401),
        ("forbidden", stripe.PermissionError, 403),
        ("server_error", stripe.APIError, 500),
        ("unavailable", stripe.APIError, 503),
    ],
)
def test_a_refusal_happens_before_the_effect(
    sandbox: Sandbox, client: stripe.StripeClient, kind: str, error: type, status: int
) -> None:
    sandbox.faults.add(CREATE, kind=kind)

    with pytest.raises(error) as caught:
        client.v1.checkout.sessions.create(session_params(), KEY)

    assert caught.value.http_status == status
    assert sandbox.sessions == []
    assert client.v1.checkout.sessions.create(session_params(), KEY).status == "open"


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "timeout_after", "reset_after"])
def test_an_answer_is_lost_before_or_after_the_effect(sandbox: Sandbox, kind: str) -> None:
    sandbox.faults.add(CREATE, kind=kind)
    with sandbox.serve() as server:
        patient = stripe.StripeClient("sk_test_x", base_addresses={"api": server.url})
        client = stripe.StripeClient(
            "sk_test_x",
            base_addresses={"api": server.url},
            http_client=stripe.RequestsClient(timeout=0.3),
        )
        for sandboxed in (
            client,
            stripe.StripeClient("sk_test_x", http_client=sandbox.http_client()),
        ):
            sandbox.faults.clear()
            sandbox.reset()
            sandbox.faults.add(CREATE, kind=kind)

            with pytest.raises(stripe.APIConnectionError):
                sandboxed.v1.checkout.sessions.create(session_params(), KEY)

            assert len(sandbox.sessions) == (1 if kind.endswith("after") else 0)
            again = patient.v1.checkout.sessions.create(session_params(), KEY)
            assert [one["id"] for one in sandbox.sessions] == [again.id]
            assert [call["fault"] for call in sandbox.requests] == [kind, None]
            assert sandbox.requests[0]["status"] is None


@pytest.mark.parametrize("kind", ["timeout_after", "timeout_before", "unavailable"])
def test_the_sdk_retries_when_configured_to(sandbox: Sandbox, local_client, kind: str) -> None:
    sandbox.faults.add(CREATE, kind=kind)

    session = local_client.v1.checkout.sessions.create(session_params(), {"max_network_retries": 2})

    assert [one["id"] for one in sandbox.sessions] == [session.id]
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize("kind", ["malformed", "truncated"])
def test_a_body_arrives_spoiled(sandbox: Sandbox, client: stripe.StripeClient, kind: str) -> None:
    sandbox.faults.add(CREATE, kind=kind)

    with pytest.raises((stripe.APIError, stripe.APIConnectionError)):
        client.v1.checkout.sessions.create(session_params(), KEY)

    assert len(sandbox.sessions) == 1
    assert client.v1.checkout.sessions.create(session_params(), KEY)
    assert len(sandbox.sessions) == 1


@pytest.mark.parametrize(
    ("kind", "count"), [("stored_server_error", 0), ("stored_server_error_after", 1)]
)
def test_a_stored_500_is_returned_on_every_retry(
    sandbox: Sandbox, client, kind: str, count: int
) -> None:
    sandbox.faults.add(CREATE, kind=kind)

    for is_replayed in (None, "true", "true"):
        with pytest.raises(stripe.APIError) as caught:
            client.v1.checkout.sessions.create(session_params(), {**KEY, "max_network_retries": 2})
        assert caught.value.http_status == 500
        assert caught.value.headers.get("idempotent-replayed") == is_replayed

    assert len(sandbox.requests) == 3
    assert len(sandbox.sessions) == count
    assert client.v1.checkout.sessions.create(session_params(), {"idempotency_key": "2"})


def test_the_server_may_ask_for_another_try(sandbox: Sandbox, local_client) -> None:
    sandbox.faults.add(CREATE, kind="lock_timeout", should_retry=True)

    assert local_client.v1.checkout.sessions.create(session_params(), {"max_network_retries": 1})
    assert [call["status"] for call in sandbox.requests] == [429, 200]


def test_a_fault_meets_the_calls_of_its_target(
    sandbox: Sandbox, local_client, open_session
) -> None:
    session = open_session()
    sandbox.faults.add("GET /v1/checkout/sessions/*", kind="rate_limit", times=2, skip=1)

    assert local_client.v1.checkout.sessions.list()
    assert local_client.v1.checkout.sessions.retrieve(session.id)
    for _ in range(2):
        with pytest.raises(stripe.RateLimitError):
            local_client.v1.checkout.sessions.retrieve(session.id)
    assert local_client.v1.checkout.sessions.retrieve(session.id)
    assert sandbox.faults.all() == []


def test_a_fault_may_last(sandbox: Sandbox, local_client) -> None:
    sandbox.faults.add("*", kind="unavailable", times=None)

    for _ in range(5):
        with pytest.raises(stripe.APIError):
            local_client.v1.events.list()
    sandbox.faults.clear()

    assert local_client.v1.events.list().data == []


@pytest.mark.parametrize(
    ("target", "kind"), [(CREATE, "gremlins"), (CREATE, "duplicate"), ("WEBHOOK *", "rate_limit")]
)
def test_a_fault_that_there_is_not_is_a_mistake(sandbox: Sandbox, target: str, kind: str) -> None:
    with pytest.raises(ValueError, match="No such fault"):
        sandbox.faults.add(target, kind=kind)


def test_a_webhook_comes_twice(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")
    sandbox.faults.add("WEBHOOK checkout.session.*", kind="duplicate")

    sandbox.pay(open_session().id)

    assert len(merchant.received) == 2
    assert merchant.received[0].id == merchant.received[1].id


def test_a_webhook_never_comes(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox)
    sandbox.faults.add("WEBHOOK checkout.session.completed", kind="drop")

    sandbox.pay(open_session().id)
    sandbox.clock.advance(days=5)

    assert merchant.types == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_a_webhook_comes_late(sandbox: Sandbox, open_session) -> None:
    merchant = Merchant(sandbox, "checkout.session.completed")
    sandbox.faults.add("WEBHOOK *", kind="delay", seconds=3600)

    sandbox.pay(open_session().id)
    sandbox.clock.advance(minutes=59)
    assert merchant.types == []
    sandbox.clock.advance(minutes=2)

    assert merchant.types == ["checkout.session.completed"]


def test_webhooks_overtake_each_other(sandbox: Sandbox, open_session) -> None:
    events = ["checkout.session.completed", "checkout.session.async_payment_succeeded"]
    merchant = Merchant(sandbox, *events)
    sandbox.faults.add("WEBHOOK checkout.session.completed", kind="reorder")
    session = open_session()

    sandbox.pay_by_bank_debit(session.id)
    sandbox.settle(session.id)

    assert merchant.types == events[::-1]


@pytest.mark.parametrize("kind", ["wrong_signature", "old_signature"])
def test_a_webhook_is_signed_wrongly(sandbox: Sandbox, open_session, kind: str) -> None:
    kept = []
    endpoint = sandbox.add_webhook_endpoint("http://testserver/hook/", enabled_events=["*"])
    sandbox.deliver_with(lambda url, body, headers: kept.append((body, headers)) or 400)
    sandbox.faults.add("WEBHOOK *", kind=kind)

    sandbox.expire(open_session().id)
    sandbox.clock.advance(minutes=1)

    bad, good = kept[:2]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(bad[0], bad[1]["Stripe-Signature"], endpoint["secret"])
    assert stripe.Webhook.construct_event(good[0], good[1]["Stripe-Signature"], endpoint["secret"])
