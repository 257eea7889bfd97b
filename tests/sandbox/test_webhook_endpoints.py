import pytest
import stripe

from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.sandbox.errors import ApiError
from tests.sandbox.merchant import HOOK

pytestmark = pytest.mark.stripe_sdk

PARAMS = {"url": HOOK, "enabled_events": ["checkout.session.completed", "charge.dispute.created"]}


def test_the_secret_is_shown_once(client: stripe.StripeClient) -> None:
    created = client.v1.webhook_endpoints.create({**PARAMS, "metadata": {"site": "1"}})

    assert created.secret.startswith("whsec_")
    assert created.status == "enabled"
    read = client.v1.webhook_endpoints.retrieve(created.id)
    assert "secret" not in read.last_response.data
    [listed] = client.v1.webhook_endpoints.list().data
    assert (listed.id, listed.metadata["site"]) == (created.id, "1")


def test_an_endpoint_signs_with_its_secret(sandbox: Sandbox, local_client, open_session) -> None:
    created = local_client.v1.webhook_endpoints.create(PARAMS)
    received = []
    sandbox.deliver_with(
        lambda url, body, headers: (
            received.append(
                stripe.Webhook.construct_event(body, headers["Stripe-Signature"], created.secret)
            )
            or 200
        )
    )

    sandbox.pay(open_session().id)

    assert [event.type for event in received] == ["checkout.session.completed"]


def test_an_endpoint_is_changed_disabled_and_deleted(
    sandbox: Sandbox, client, open_session
) -> None:
    endpoint = client.v1.webhook_endpoints.create(PARAMS)
    update = client.v1.webhook_endpoints.update

    assert update(endpoint.id, {"url": HOOK + "2/", "enabled_events": ["*"]}).enabled_events == [
        "*"
    ]
    assert update(endpoint.id, {"disabled": True}).status == "disabled"
    sandbox.pay(open_session().id)
    assert sandbox.pending_deliveries == []
    assert client.v1.webhook_endpoints.delete(endpoint.id).deleted
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.webhook_endpoints.retrieve(endpoint.id)
    assert caught.value.http_status == 404


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"url": "/hook/"}, "url"),
        ({"enabled_events": ["everything"]}, "enabled_events[0]"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"api_version": "newest"}, None),
    ],
)
def test_an_endpoint_that_makes_no_sense_is_refused(local_client, changes, param) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        local_client.v1.webhook_endpoints.create({**PARAMS, **changes})

    assert caught.value.param == param


def test_sixteen_endpoints_are_enough(local_client) -> None:
    for number in range(16):
        local_client.v1.webhook_endpoints.create({**PARAMS, "url": f"{HOOK}{number}/"})

    with pytest.raises(stripe.InvalidRequestError):
        local_client.v1.webhook_endpoints.create(PARAMS)


def test_events_come_in_the_version_of_their_endpoint(
    sandbox: Sandbox, local_client, open_session
) -> None:
    bodies = []
    local_client.v1.webhook_endpoints.create({**PARAMS, "api_version": "2025-09-30.clover"})
    sandbox.deliver_with(lambda url, body, headers: bodies.append(body.decode()) or 200)

    sandbox.pay(open_session().id)

    assert '"api_version": "2025-09-30.clover"' in bodies[0]
    assert '"ui_mode": "hosted"' in bodies[0]


def test_a_rolled_secret_signs_beside_the_new_one_for_a_day(sandbox: Sandbox, open_session) -> None:
    endpoint = sandbox.add_webhook_endpoint(HOOK, enabled_events=["checkout.session.expired"])
    kept = []
    sandbox.deliver_with(lambda url, body, headers: kept.append((body, headers)) or 200)
    new = sandbox.roll_secret(endpoint["id"])
    secrets = [new, endpoint["secret"]]

    sandbox.expire(open_session().id)
    sandbox.clock.advance(hours=25)
    late = open_session()
    sandbox.expire(late.id)

    (first, second) = kept
    for secret in secrets:
        assert stripe.Webhook.construct_event(first[0], first[1]["Stripe-Signature"], secret)
    assert stripe.Webhook.construct_event(second[0], second[1]["Stripe-Signature"], new)
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(second[0], second[1]["Stripe-Signature"], secrets[1])


def test_a_body_is_signed_as_a_webhook_of_the_endpoint_would_be(sandbox: Sandbox) -> None:
    endpoint = sandbox.add_webhook_endpoint(HOOK)
    new = sandbox.roll_secret(endpoint["id"])

    signature = sandbox.sign_for_endpoint(endpoint["id"], "{}")

    for secret in (endpoint["secret"], new):
        assert stripe.WebhookSignature.verify_header("{}", signature, secret)


def test_an_endpoint_without_a_version_has_that_of_the_account(
    sandbox: Sandbox, local_client, open_session
) -> None:
    bodies = []
    sandbox.api_version = "2024-12-18.acacia"
    sandbox.add_webhook_endpoint(HOOK)
    sandbox.deliver_with(lambda url, body, headers: bodies.append(body.decode()) or 200)

    sandbox.expire(open_session().id)

    assert '"api_version": "2024-12-18.acacia"' in bodies[0]
    assert '"ui_mode": "hosted"' in bodies[0]
    [event] = local_client.v1.events.list().data
    assert event.api_version == "2024-12-18.acacia"


def test_an_account_has_no_version_that_makes_no_sense(sandbox: Sandbox) -> None:
    with pytest.raises(ApiError, match="Invalid Stripe API version"):
        sandbox.api_version = "newest"
