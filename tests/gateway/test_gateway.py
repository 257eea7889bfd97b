"""The gateway to Stripe: its requests, its errors, and the data it never reveals."""

from __future__ import annotations

import json
import os
import pickle
import socket
import subprocess
import sys
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import stripe
from django.db import transaction
from django.views.debug import ExceptionReporter

from django_stripe_cart import gateway
from django_stripe_cart.conf import DEFAULT_API_VERSION
from django_stripe_cart.exceptions import (
    InvalidWebhook,
    PaymentError,
    PaymentMissing,
    PaymentNotConfigured,
    PaymentPermanentlyFailed,
    PaymentRefused,
    PaymentRetryable,
    PaymentUnknown,
)
from django_stripe_cart.gateway.client import request, transport
from django_stripe_cart.gateway.events import read_event
from django_stripe_cart.gateway.sessions import Session, read_session
from django_stripe_cart.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
KEY = "sk_test_TheKeyThatNobodyMaySee"
SECRET = "whsec_TheSecretThatNobodyMaySee"

pytestmark = [pytest.mark.django_db, pytest.mark.stripe_sdk]


class Canned(stripe.HTTPClient):
    """A Stripe that gives the same answer to everything, and remembers what it was asked."""

    name = "canned"

    def __init__(self, body: object, status: int = 200, headers: Mapping[str, str] = {}) -> None:
        super().__init__()
        self.answers = [body]
        self.status = status
        self.headers = dict(headers)
        self.requests: list[dict[str, Any]] = []

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **options: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        self.requests.append({"method": method, "url": url, "headers": headers, "body": post_data})
        body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(body, Exception):
            raise body
        text = body if isinstance(body, str) else json.dumps(body)
        return text, self.status, self.headers

    def close(self) -> None:
        """There is nothing to close."""

    def _sleep_time_seconds(self, *args: Any) -> float:
        return 0.0


@pytest.fixture
def answering() -> Iterator[Callable[..., Canned]]:
    """Have Stripe give this answer from now on."""
    doors = []

    def answer(body: object, status: int = 200, headers: Mapping[str, str] = {}) -> Canned:
        canned = Canned(body, status, headers)
        doors.append(transport(canned))
        doors[-1].__enter__()
        return canned

    yield answer
    for door in reversed(doors):
        door.__exit__(None, None, None)


def error(code: str = "", *, type: str = "invalid_request_error", param: str = "") -> object:
    return {"error": {"type": type, "message": "No.", "code": code or None, "param": param or None}}


def session(**fields: object) -> dict[str, Any]:
    return {"id": "cs_test_1", "object": "checkout.session", "status": "open", **fields}


def params(*, unit_amount: int = 49900, **fields: object) -> dict[str, Any]:
    return {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 2,
                "price_data": {
                    "currency": "inr",
                    "unit_amount": unit_amount,
                    "product_data": {"name": "Mug"},
                },
            }
        ],
        "success_url": "https://shop.example/return/",
        "client_reference_id": "a-reference",
        "metadata": {"stripe_cart_order": "a-reference"},
        **fields,
    }


def create(key: str = "key-1", **fields: Any) -> Session:
    return gateway.create_session(params(**fields), idempotency_key=key)


# --- what comes out -------------------------------------------------------------------------


def test_an_open_session_has_an_address_and_no_payment(sandbox: Sandbox) -> None:
    made = create()

    assert made.id == sandbox.sessions[0]["id"]
    assert (made.is_open, made.is_complete, made.is_expired) == (True, False, False)
    assert (made.is_paid, made.has_failed) == (False, False)
    assert (made.currency, made.amount_subtotal, made.amount_total) == ("inr", 99800, 99800)
    assert made.url == sandbox.sessions[0]["url"]
    assert made.client_reference_id == "a-reference"
    assert made.metadata == {"stripe_cart_order": "a-reference"}
    assert (made.payment_intent_id, made.payment_intent_status, made.receipt_url) == ("", "", "")
    assert made.livemode is False
    assert made.expires_at == datetime.fromtimestamp(sandbox.sessions[0]["expires_at"], UTC)


def test_a_paid_session_names_its_payment_receipt_and_payer(sandbox: Sandbox) -> None:
    made = create()
    sandbox.pay(made.id, email="payer@example.com")

    paid = gateway.retrieve_session(made.id)

    assert (paid.is_open, paid.is_complete, paid.is_paid) == (False, True, True)
    assert paid.payment_intent_id == sandbox.payment_intents[0]["id"]
    assert paid.payment_intent_status == "succeeded"
    assert paid.receipt_url == sandbox.charges[0]["receipt_url"] != ""
    assert paid.email == "payer@example.com"
    assert (paid.amount_total, paid.amount_refunded, paid.is_disputed) == (99800, 0, False)
    assert paid.url == ""


def test_an_expired_session_is_over_and_unpaid(sandbox: Sandbox) -> None:
    made = create()

    expired = gateway.expire_session(made.id)

    assert (expired.is_expired, expired.is_open, expired.is_paid) == (True, False, False)
    assert expired.url == ""
    assert gateway.retrieve_session(made.id) == expired


def test_a_session_of_nothing_is_paid_once_it_is_complete(sandbox: Sandbox) -> None:
    made = create(unit_amount=0)
    assert not made.is_paid

    sandbox.pay(made.id)

    free = gateway.retrieve_session(made.id)
    assert (free.is_paid, free.payment_status) == (True, "no_payment_required")
    assert (free.amount_total, free.payment_intent_id) == (0, "")


def test_a_delayed_payment_is_complete_before_it_is_paid(sandbox: Sandbox) -> None:
    made = create()
    sandbox.pay_by_bank_debit(made.id)

    waiting = gateway.retrieve_session(made.id)
    assert (waiting.is_complete, waiting.is_paid, waiting.has_failed) == (True, False, False)

    sandbox.settle(made.id)
    assert gateway.retrieve_session(made.id).is_paid


def test_a_delayed_payment_that_does_not_come_through_has_failed(sandbox: Sandbox) -> None:
    made = create()
    sandbox.pay_by_bank_debit(made.id)

    sandbox.settle(made.id, ok=False)

    failed = gateway.retrieve_session(made.id)
    assert (failed.is_complete, failed.is_paid, failed.has_failed) == (True, False, True)


def test_a_declined_card_leaves_the_session_open(sandbox: Sandbox) -> None:
    made = create()
    sandbox.pay(made.id, card="4000000000000002")

    declined = gateway.retrieve_session(made.id)

    assert (declined.is_open, declined.is_paid, declined.has_failed) == (True, False, False)


@pytest.mark.parametrize("payment_status", [None, "", "unpaid", "something_new"])
@pytest.mark.parametrize("status", ["complete", "open", "expired", None])
def test_only_stripes_own_word_makes_a_session_paid(
    status: str | None, payment_status: str | None
) -> None:
    assert not read_session(session(status=status, payment_status=payment_status)).is_paid


@pytest.mark.parametrize("status", ["open", "expired", None])
def test_a_session_that_is_not_complete_is_not_paid(status: str | None) -> None:
    assert not read_session(session(status=status, payment_status="paid")).is_paid


def test_a_session_may_leave_out_everything_but_its_name() -> None:
    bare = read_session({"id": "cs_test_1"})

    assert bare == Session(
        id="cs_test_1",
        status="",
        payment_status="",
        currency="",
        amount_subtotal=0,
        amount_total=0,
        livemode=False,
    )


def test_a_payment_that_was_not_looked_at_has_a_name_only() -> None:
    hint = read_session(session(payment_intent="pi_1", customer_email="asked@example.com"))

    assert (hint.payment_intent_id, hint.payment_intent_status) == ("pi_1", "")
    assert hint.email == "asked@example.com"


def test_what_the_payer_typed_comes_before_what_we_suggested() -> None:
    data = session(
        customer_email="asked@example.com", customer_details={"email": "typed@example.com"}
    )

    assert read_session(data).email == "typed@example.com"


def test_a_site_without_time_zones_reads_naive_moments(settings: Any) -> None:
    settings.USE_TZ = False

    moment = read_session(session(expires_at=1_800_000_000)).expires_at

    assert moment is not None
    assert moment.tzinfo is None
    assert moment.timestamp() == 1_800_000_000


def test_nothing_of_the_sdk_comes_out(sandbox: Sandbox) -> None:
    made = create()
    sandbox.pay(made.id)
    paid = gateway.retrieve_session(made.id)

    assert all(
        type(value).__module__ in ("builtins", "datetime") for value in asdict(paid).values()
    )
    assert type(paid.metadata) is dict
    assert b"sk_test_sandbox" not in pickle.dumps(paid)


def test_an_answer_is_plain_data_all_the_way_down(sandbox: Sandbox) -> None:
    made = create()

    data = request(lambda client: client.v1.checkout.sessions.retrieve(made.id))

    assert only_plain(data)
    assert json.loads(json.dumps(data)) == data


def only_plain(value: Any) -> bool:
    if type(value) in (dict, OrderedDict):
        return all(only_plain(each) for each in value.values())
    if type(value) is list:
        return all(only_plain(each) for each in value)
    return value is None or type(value) in (str, int, bool, float)


# --- asking again ---------------------------------------------------------------------------


def test_the_same_key_brings_back_the_same_session(sandbox: Sandbox) -> None:
    first = create("key-1")
    again = create("key-1")
    other = create("key-2")

    assert again == first
    assert other.id != first.id
    assert len(sandbox.sessions) == 2


def test_the_same_key_for_something_else_is_refused(sandbox: Sandbox) -> None:
    create("key-1")

    with pytest.raises(PaymentRefused):
        create("key-1", unit_amount=1)

    assert len(sandbox.sessions) == 1


def test_a_lost_answer_is_asked_for_again_under_one_key(answering: Callable[..., Canned]) -> None:
    lost = stripe.APIConnectionError("The connection was reset.", should_retry=True)
    stripe_ = answering(lost)
    stripe_.answers.append(session())

    assert create("key-1").id == "cs_test_1"

    keys = {request["headers"]["Idempotency-Key"] for request in stripe_.requests}
    assert len(stripe_.requests) == 2
    assert keys == {"key-1"}


@pytest.mark.parametrize("status", [409, 500, 503])
def test_a_stumbling_stripe_is_asked_three_times(
    answering: Callable[..., Canned], status: int
) -> None:
    stripe_ = answering(error(), status)

    with pytest.raises(PaymentError):
        create("key-1")

    assert len(stripe_.requests) == 3
    assert len({request["body"] for request in stripe_.requests}) == 1


# --- failures -------------------------------------------------------------------------------

CONNECTION = stripe.APIConnectionError("No route to host.")
REPLAYED = {"idempotent-replayed": "true"}
PAGE = "<!doctype html><title>Blocked</title>"


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (error("url_invalid"), 400, PaymentRefused),
        (error(type="idempotency_error"), 400, PaymentRefused),
        (error(), 401, PaymentNotConfigured),
        (error("card_declined", type="card_error"), 402, PaymentRefused),
        (error(), 403, PaymentNotConfigured),
        (error("resource_missing"), 404, PaymentMissing),
        (error("idempotency_key_in_use"), 409, PaymentRetryable),
        (error("rate_limit"), 429, PaymentRetryable),
        (error("lock_timeout"), 429, PaymentRetryable),
        (error(type="api_error"), 502, PaymentRetryable),
        (error(type="api_error"), 503, PaymentRetryable),
        (error(type="api_error"), 504, PaymentRetryable),
        (error("external_dependency_failed"), 424, PaymentUnknown),
        (error(), 302, PaymentUnknown),
        (error(type="api_error"), 500, PaymentUnknown),
        (CONNECTION, 200, PaymentUnknown),
        # No answer of Stripe's at all. A proxy's page must close no order, whatever its status.
        (PAGE, 200, PaymentUnknown),
        (PAGE, 400, PaymentUnknown),
        (PAGE, 403, PaymentUnknown),
        (PAGE, 404, PaymentUnknown),
        (PAGE, 500, PaymentUnknown),
        (PAGE, 302, PaymentUnknown),
        ("", 200, PaymentUnknown),
        ('{"id": "cs_te', 200, PaymentUnknown),
        ({}, 200, PaymentUnknown),
        ([], 200, PaymentUnknown),
        (None, 200, PaymentUnknown),
        ({"error": "down"}, 500, PaymentUnknown),
        ({"error": "gone"}, 404, PaymentUnknown),
        ([], 400, PaymentUnknown),
    ],
)
def test_every_failure_has_its_kind(
    answering: Callable[..., Canned], body: object, status: int, kind: type[PaymentError]
) -> None:
    answering(body, status)

    with pytest.raises(PaymentError) as caught:
        gateway.retrieve_session("cs_test_1")

    assert type(caught.value) is kind


def test_a_failure_stored_under_the_idempotency_key_is_permanent(
    answering: Callable[..., Canned],
) -> None:
    answering(error(type="api_error"), 500, REPLAYED)

    with pytest.raises(PaymentPermanentlyFailed):
        create("key-1")


def test_a_refusal_that_is_kept_under_the_key_is_a_refusal(
    answering: Callable[..., Canned],
) -> None:
    answering(error("url_invalid"), 400, REPLAYED)

    with pytest.raises(PaymentRefused):
        create("key-1")


def test_what_a_failure_means_can_be_caught_by_its_family() -> None:
    assert issubclass(PaymentMissing, PaymentRefused)
    assert issubclass(PaymentPermanentlyFailed, PaymentUnknown)
    assert not issubclass(PaymentUnknown, PaymentRefused)
    assert not issubclass(PaymentRetryable, (PaymentRefused, PaymentUnknown))


def test_a_failure_says_what_stripe_objected_to(answering: Callable[..., Canned]) -> None:
    answering(error("url_invalid", param="success_url"), 400)

    with pytest.raises(PaymentRefused) as caught:
        create()

    assert (caught.value.stripe_code, caught.value.stripe_param) == ("url_invalid", "success_url")
    assert isinstance(caught.value.__cause__, stripe.StripeError)


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        (error("amount_too_small"), 400, "below the minimum payment"),
        (error("amount_too_large"), 400, "above the maximum"),
        (error("something_else"), 400, "refused this order"),
        (error(), 500, "can't be reached"),
        (CONNECTION, 200, "can't be reached"),
    ],
)
def test_a_failure_is_a_sentence_that_a_shopper_may_read(
    answering: Callable[..., Canned], body: object, status: int, sentence: str
) -> None:
    answering(body, status)

    with pytest.raises(PaymentError, match=sentence):
        create()


def test_a_session_is_unknown_to_another_account(sandbox: Sandbox) -> None:
    with pytest.raises(PaymentMissing):
        gateway.retrieve_session("cs_test_nobody")


@pytest.mark.parametrize("end", ["paid", "expired"])
def test_a_session_that_is_over_cannot_be_expired(sandbox: Sandbox, end: str) -> None:
    made = create()
    sandbox.pay(made.id) if end == "paid" else sandbox.expire(made.id)

    with pytest.raises(PaymentRefused) as caught:
        gateway.expire_session(made.id)

    assert type(caught.value) is PaymentRefused


# --- data that is never revealed -------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [(error(), 400), (error(), 401), (error(), 500), (CONNECTION, 200), (PAGE, 200), ({}, 200)],
)
def test_no_failure_reveals_the_secret_key(
    answering: Callable[..., Canned], settings: Any, body: object, status: int
) -> None:
    settings.STRIPE_CART_SECRET_KEY = KEY
    stripe_ = answering(body, status)

    with pytest.raises(PaymentError) as caught:
        create()

    assert KEY in stripe_.requests[0]["headers"]["Authorization"]
    failure = caught.value
    page = ExceptionReporter(None, type(failure), failure, failure.__traceback__)
    told = [
        str(failure),
        repr(failure),
        repr(failure.__cause__),
        repr(vars(failure)),
        "".join(traceback.format_exception(failure)),
        page.get_traceback_text(),
        # Django's error pages and mails show the variables of every frame, the SDK's too.
        page.get_traceback_html(),
    ]
    assert not any(KEY in text for text in told)


def test_an_error_page_shows_no_key_when_stripe_can_not_be_reached(settings: Any) -> None:
    settings.STRIPE_CART_SECRET_KEY = KEY
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.STRIPE_CART_API_BASE = f"http://127.0.0.1:{server.getsockname()[1]}"

    with pytest.raises(PaymentUnknown) as caught:
        gateway.retrieve_session("cs_test_1")

    failure = caught.value
    page = ExceptionReporter(None, type(failure), failure, failure.__traceback__)
    assert isinstance(failure.__cause__, stripe.APIConnectionError)
    assert KEY not in page.get_traceback_html()


@pytest.mark.parametrize("signature", ["", "t=1,v1=abc", "t=1,abc", "t=1"])
def test_an_error_page_about_a_forged_event_shows_no_secret(settings: Any, signature: str) -> None:
    settings.STRIPE_CART_WEBHOOK_SECRET = [SECRET, SECRET]

    with pytest.raises(InvalidWebhook) as caught:
        read_event(b"{}", signature)

    failure = caught.value
    page = ExceptionReporter(None, type(failure), failure, failure.__traceback__)
    assert SECRET not in page.get_traceback_html()


def test_the_sdk_sends_no_telemetry(answering: Callable[..., Canned]) -> None:
    stripe_ = answering(session())

    create("key-1")
    create("key-2")

    assert stripe.enable_telemetry is False
    headers = {name.lower() for request in stripe_.requests for name in request["headers"]}
    assert "x-stripe-client-telemetry" not in headers


# --- how it is asked ------------------------------------------------------------------------


def test_requests_name_the_package_and_the_api_version(answering: Callable[..., Canned]) -> None:
    stripe_ = answering(session())

    create("key-1")

    headers = stripe_.requests[0]["headers"]
    assert headers["Stripe-Version"] == DEFAULT_API_VERSION
    assert headers["Authorization"] == "Bearer sk_test_sandbox"
    assert headers["Idempotency-Key"] == "key-1"
    assert "django-stripe-cart/" in headers["User-Agent"]


def test_a_session_is_looked_at_with_its_payment_and_charge(
    answering: Callable[..., Canned],
) -> None:
    stripe_ = answering(session())

    gateway.retrieve_session("cs_test_1")

    url = stripe_.requests[0]["url"]
    assert url.startswith("https://api.stripe.com/v1/checkout/sessions/cs_test_1?")
    assert "payment_intent.latest_charge" in url


def test_the_settings_are_read_at_every_call(
    answering: Callable[..., Canned], settings: Any
) -> None:
    stripe_ = answering(session())
    create()

    settings.STRIPE_CART_SECRET_KEY = KEY
    settings.STRIPE_CART_API_BASE = "http://127.0.0.1:12111/"
    settings.STRIPE_CART_API_VERSION = "2025-10-29.clover"
    create()

    before, after = stripe_.requests
    assert before["url"] == "https://api.stripe.com/v1/checkout/sessions"
    assert after["url"] == "http://127.0.0.1:12111/v1/checkout/sessions"
    assert after["headers"]["Authorization"] == f"Bearer {KEY}"
    assert after["headers"]["Stripe-Version"] == "2025-10-29.clover"


def test_the_client_is_built_once_for_each_configuration(
    answering: Callable[..., Canned], settings: Any
) -> None:
    answering(session())
    clients: list[stripe.StripeClient] = []

    def look() -> None:
        request(
            lambda client: [clients.append(client), client.v1.checkout.sessions.retrieve("cs")][1]
        )

    look()
    look()
    settings.STRIPE_CART_SECRET_KEY = KEY
    look()

    assert clients[0] is clients[1]
    assert clients[2] is not clients[0]


def test_stripe_is_never_asked_while_a_transaction_is_open(sandbox: Sandbox) -> None:
    with transaction.atomic(), pytest.raises(AssertionError, match="transaction"):
        create()

    assert sandbox.requests == []


def test_the_sandbox_leaves_when_it_is_done(answering: Callable[..., Canned]) -> None:
    outer = answering(session())
    with transport(Canned(session(id="cs_test_2"))):
        assert create().id == "cs_test_2"

    assert create().id == "cs_test_1"
    assert len(outer.requests) == 1


# --- refunds and disputes -------------------------------------------------------------------


def refund(number: int, **fields: object) -> dict[str, Any]:
    return {"id": f"re_{number}", "object": "refund", "amount": 100, "status": "pending", **fields}


def test_a_refund_is_asked_for_by_payment_amount_and_key(answering: Callable[..., Canned]) -> None:
    stripe_ = answering(refund(1, metadata={"key": "value"}))

    made = gateway.create_refund(
        "pi_1", amount=100, metadata={"key": "value"}, idempotency_key="key-1"
    )

    request = stripe_.requests[0]
    assert (made.id, made.amount, made.status) == ("re_1", 100, "pending")
    assert made.metadata == {"key": "value"}
    assert request["headers"]["Idempotency-Key"] == "key-1"
    assert request["body"] == "payment_intent=pi_1&amount=100&metadata[key]=value"


def test_every_refund_of_a_payment_is_listed_however_many_pages_there_are(
    answering: Callable[..., Canned],
) -> None:
    stripe_ = answering({"object": "list", "data": [refund(3), refund(2)], "has_more": True})
    stripe_.answers.append({"object": "list", "data": [refund(1)], "has_more": False})

    refunds = gateway.list_refunds("pi_1")

    assert [each.id for each in refunds] == ["re_3", "re_2", "re_1"]
    first, second = [request["url"] for request in stripe_.requests]
    assert "payment_intent=pi_1" in first
    assert "starting_after" not in first
    assert "payment_intent=pi_1" in second
    assert "starting_after=re_2" in second


def test_a_list_that_claims_more_and_holds_nothing_comes_to_an_end(
    answering: Callable[..., Canned],
) -> None:
    answering({"object": "list", "data": [], "has_more": True})

    assert gateway.list_refunds("pi_1") == []


def test_disputes_of_every_status_are_listed(
    answering: Callable[..., Canned],
) -> None:
    dispute = {"id": "dp_1", "object": "dispute", "status": "appeal_needs_response", "created": 1}
    answering({"object": "list", "data": [dispute], "has_more": False})

    disputes = gateway.list_disputes("pi_1")

    assert [(each.id, each.status) for each in disputes] == [("dp_1", "appeal_needs_response")]


# --- what it costs --------------------------------------------------------------------------


def test_the_sdk_is_loaded_at_the_first_call_and_leaves_no_trace_at_home(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    script = dedent("""
        import importlib
        import pkgutil
        import sys

        import django
        from django.core.checks import run_checks

        django.setup()
        import django_stripe_cart
        from django_stripe_cart import checks, gateway, urls, webhook_urls
        from django_stripe_cart.exceptions import InvalidWebhook, PaymentMissing

        apart = (
            "django_stripe_cart.gateway.http",
            "django_stripe_cart.sandbox",
            "django_stripe_cart.testing",
        )
        for module in pkgutil.walk_packages(django_stripe_cart.__path__, "django_stripe_cart."):
            if not module.name.startswith((*apart, "django_stripe_cart.migrations")):
                importlib.import_module(module.name)
        run_checks()
        assert "stripe" not in sys.modules

        try:
            gateway.retrieve_session("cs_test_nobody")
        except PaymentMissing:
            assert "stripe" in sys.modules
            print("asked")
    """)

    with sandbox.serve() as server:
        settings = f"from tests.settings import *\nSTRIPE_CART_API_BASE = {server.url!r}\n"
        (tmp_path / "served.py").write_text(settings)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script],
            env={
                **os.environ,
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path / ".config"),
                "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
                "PYTHONDONTWRITEBYTECODE": "1",
                "DJANGO_SETTINGS_MODULE": "served",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    assert (done.returncode, done.stdout) == (0, "asked\n"), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["served.py"]
