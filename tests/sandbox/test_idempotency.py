import threading
import time

import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from tests.sandbox.merchant import line_item, session_params

pytestmark = pytest.mark.stripe_sdk

KEY = {"idempotency_key": "order-1"}


def test_the_same_key_gets_the_same_answer(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    first = client.v1.checkout.sessions.create(session_params(), KEY)
    second = client.v1.checkout.sessions.create(session_params(), KEY)

    assert first.id == second.id
    assert len(sandbox.sessions) == 1
    assert "idempotent-replayed" not in first.last_response.headers
    assert second.last_response.headers["idempotent-replayed"] == "true"
    assert second.last_response.headers["idempotency-key"] == "order-1"
    assert second.last_response.headers["original-request"] == first.last_response.request_id


def test_the_answer_is_as_it_was_even_if_the_object_moved_on(
    sandbox: Sandbox, local_client
) -> None:
    first = local_client.v1.checkout.sessions.create(session_params(), KEY)
    sandbox.pay(first.id)

    again = local_client.v1.checkout.sessions.create(session_params(), KEY)

    assert again.status == "open"


def test_other_parameters_under_one_key_are_refused(client: stripe.StripeClient) -> None:
    client.v1.checkout.sessions.create(session_params(), KEY)

    with pytest.raises(stripe.IdempotencyError) as caught:
        client.v1.checkout.sessions.create(session_params(metadata={"a": "b"}), KEY)

    assert caught.value.http_status == 400


def test_one_key_serves_one_endpoint(local_client: stripe.StripeClient) -> None:
    session = local_client.v1.checkout.sessions.create(session_params(), KEY)

    with pytest.raises(stripe.IdempotencyError):
        local_client.v1.checkout.sessions.expire(session.id, options=KEY)


def test_a_refusal_by_form_is_not_kept(sandbox: Sandbox, local_client) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.checkout.sessions.create(session_params(colour="red"), KEY)

    assert local_client.v1.checkout.sessions.create(session_params(), KEY).status == "open"


def test_a_refusal_by_the_endpoint_itself_is_kept(sandbox: Sandbox, local_client) -> None:
    params = session_params(line_items=[line_item(unit_amount=1)])

    for is_replayed in (None, "true"):
        with pytest.raises(stripe.InvalidRequestError) as caught:
            local_client.v1.checkout.sessions.create(params, KEY)
        assert caught.value.code == "amount_too_small"
        assert caught.value.headers.get("idempotent-replayed") == is_replayed


def test_a_key_is_forgotten_after_a_day(sandbox: Sandbox, local_client) -> None:
    first = local_client.v1.checkout.sessions.create(session_params(), KEY)

    sandbox.clock.advance(hours=25)

    assert local_client.v1.checkout.sessions.create(session_params(), KEY).id != first.id


def test_a_key_in_use_is_a_409(sandbox: Sandbox, local_client: stripe.StripeClient) -> None:
    sandbox.faults.add("POST /v1/checkout/sessions", kind="slow", seconds=1)
    create = local_client.v1.checkout.sessions.create
    thread = threading.Thread(target=create, args=(session_params(), KEY))
    thread.start()
    while not sandbox.requests:
        time.sleep(0.01)
    time.sleep(0.05)

    with pytest.raises(stripe.APIError) as caught:
        create(session_params(), KEY)

    thread.join()
    assert caught.value.http_status == 409
    assert caught.value.error.code == "idempotency_key_in_use"
    assert len(sandbox.sessions) == 1


def test_a_key_may_be_255_characters_long(local_client: stripe.StripeClient) -> None:
    create = local_client.v1.checkout.sessions.create

    assert create(session_params(), {"idempotency_key": "k" * 255})
    with pytest.raises(stripe.InvalidRequestError):
        create(session_params(), {"idempotency_key": "k" * 256})


def test_many_at_once_make_one_session(sandbox: Sandbox, client: stripe.StripeClient) -> None:
    outcomes: list[str] = []

    def create() -> None:
        try:
            outcomes.append(client.v1.checkout.sessions.create(session_params(), KEY).id)
        except stripe.APIError:
            outcomes.append("in use")

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 8
    assert len(set(outcomes) - {"in use"}) == 1
    assert len(sandbox.sessions) == 1


def test_the_log_counts_the_calls(sandbox: Sandbox, local_client: stripe.StripeClient) -> None:
    local_client.v1.checkout.sessions.create(session_params(), KEY)
    local_client.v1.events.list({"limit": 3})

    created, listed = sandbox.requests
    assert (created["method"], created["path"], created["status"]) == (
        "POST",
        "/v1/checkout/sessions",
        200,
    )
    assert created["idempotency_key"] == "order-1"
    assert created["params"]["line_items"]["0"]["quantity"] == "2"
    assert listed["params"] == {"limit": "3"}
