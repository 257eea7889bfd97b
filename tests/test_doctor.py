"""``stripe_cart_doctor``: what is set up, what is not, and what to type next."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as site
from django.conf.urls.i18n import i18n_patterns
from django.core.checks import CheckMessage, Tags, Warning
from django.core.checks.registry import registry
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import override_settings
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from django_stripe_cart import checks, gateway
from django_stripe_cart.doctor.account import account
from django_stripe_cart.doctor.email import SMTP, email
from django_stripe_cart.gateway import Account, retrieve_account
from django_stripe_cart.gateway.client import transport
from django_stripe_cart.models import EventCursor, Order, OrderEmail, Product, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from django_stripe_cart.webhooks.processing import EVENT_TYPES
from tests.shopping import Browser
from tests.test_gateway import Canned

URL = "https://shop.example/stripe/webhook/"
SHOP = path("shop/", include("django_stripe_cart.urls"))
WEBHOOK = path("stripe/webhook/", include("django_stripe_cart.webhook_urls"))
MAILED = {"DEFAULT_FROM_EMAIL": "shop@shop.example"}
pytestmark = [pytest.mark.django_db, pytest.mark.database, pytest.mark.stripe_sdk]


def wall(get_response: Any) -> Any:
    """A host's own login wall, which knows nothing of us."""
    return lambda request: HttpResponseRedirect("/accounts/login/?next=" + request.path)


@csrf_exempt
def taken(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=410)


@pytest.fixture
def box(settings: Any, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A site that is set up well, as its Stripe account sees it."""
    settings.STRIPE_CART_BASE_URL = "https://shop.example"
    settings.ALLOWED_HOSTS = [*site.ALLOWED_HOSTS, "shop.example"]
    settings.DEFAULT_FROM_EMAIL = "shop@shop.example"
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    if connection.vendor == "sqlite":
        monkeypatch.setitem(site.DATABASES["default"], "OPTIONS", options)
    for endpoint in gateway.list_endpoints():
        gateway.delete_endpoint(endpoint.id)
    gateway.create_endpoint(URL, EVENT_TYPES)
    EventCursor.objects.create(livemode=False, seen_until=timezone.now())
    return sandbox


def ask(**settings: Any) -> tuple[str, bool]:
    """What the doctor says, and whether the shop is well."""
    output = StringIO()
    with override_settings(**settings):
        try:
            call_command("stripe_cart_doctor", stdout=output, no_color=True)
        except CommandError as error:
            return f"{output.getvalue()}{error}", False
    return output.getvalue(), True


def wrongs(said: str) -> list[str]:
    return [line.strip() for line in said.splitlines() if line.startswith("  WRONG")]


def test_a_shop_that_is_set_up_is_told_so(box: Sandbox, mug: Product) -> None:
    box_calls = len(box.requests)

    said, is_well = ask()

    assert is_well
    assert said.endswith("The shop is set up.\n")
    assert wrongs(said) == []
    for sentence in (
        "All checks pass.",
        "The key is a test key: no real money moves.",
        "The money goes to acct_1Sandbox00000000 (Sandbox shop, US).",
        "/stripe/webhook/ accepts events signed with your secret.",
        f"Stripe sends all needed events to {URL}, in 2025-09-30.clover.",
        "No webhook has come yet.",
        "The cart is at /shop/cart/.",
        "Shoppers come back from Stripe to https://shop.example.",
        "There are products: 1.",
        "All migrations are applied.",
        "Orders that wait to be paid: 0.",
        "stripe_cart_sync finished 0\xa0minutes ago.",
    ):
        assert sentence in said
    assert {call["method"] for call in box.requests[box_calls:]} == {"GET"}
    assert not WebhookEvent.objects.exists()


def test_no_secret_is_told(box: Sandbox) -> None:
    said, _is_well = ask()

    assert site.STRIPE_CART_SECRET_KEY not in said
    assert "whsec_" not in said


# --- settings, key and account ------------------------------------------------------------------


def test_what_the_checks_say_is_said_with_its_number_and_hint(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_CURRENCY="dollars", SESSION_COOKIE_SAMESITE="Strict")

    assert not is_well
    assert (
        "WRONG  STRIPE_CART_CURRENCY is 'dollars', which is no currency. (stripe_cart.E003)" in said
    )
    assert "Next: Use a code of three letters" in said
    assert 'look   SESSION_COOKIE_SAMESITE is "Strict"' in said
    assert said.endswith("Problems, marked WRONG: 1.")


def test_what_a_database_says_is_said_once(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def grumble(databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
        return [Warning("The disk creaks.", id="stripe_cart.W999") for _alias in databases or ()]

    grumble.tags = (checks.TAG, Tags.database)  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "registered_checks", {*registry.registered_checks, grumble})

    said, _is_well = ask()

    assert said.count("The disk creaks.") == 1
    assert said.index("\nDatabase\n") < said.index("The disk creaks.")


def test_a_check_that_is_silenced_is_advice_only(box: Sandbox) -> None:
    said, _is_well = ask(
        STRIPE_CART_API_VERSION="2025-09-30.clover ", SILENCED_SYSTEM_CHECKS=["stripe_cart.E014"]
    )

    assert "look   STRIPE_CART_API_VERSION" in said
    assert "(stripe_cart.E014)" not in "".join(wrongs(said))


def test_without_a_key_stripe_is_not_asked(box: Sandbox) -> None:
    before = len(box.requests)

    said, is_well = ask(STRIPE_CART_SECRET_KEY="")

    assert not is_well
    assert "(stripe_cart.W001)" in "".join(wrongs(said))
    assert "Stripe was not contacted: there is no key." in said
    assert len(box.requests) == before


@pytest.mark.parametrize(
    ("fault", "key", "sentence"),
    [
        ("unauthorized", "sk_test_1", "WRONG  Stripe rejects the key."),
        ("unauthorized", "rk_test_1", "look   This restricted key may not read the account"),
        ("server_error", "sk_test_1", "WRONG  Stripe can't be reached:"),
    ],
)
def test_an_account_that_does_not_answer_is_told(
    box: Sandbox, fault: str, key: str, sentence: str
) -> None:
    box.faults.add("GET /v1/account", kind=fault, times=9)

    said, is_well = ask(STRIPE_CART_SECRET_KEY=key)

    assert sentence in said
    assert is_well is ("look" in sentence)


def test_a_sandbox_that_is_not_running_is_told(box: Sandbox) -> None:
    box.faults.add("GET /v1/*", kind="reset_before", times=99)

    said, _is_well = ask(STRIPE_CART_API_BASE="http://127.0.0.1:12111", DEBUG=True)

    assert "Stripe is played by the sandbox at http://127.0.0.1:12111." in said
    assert "Next: Is the sandbox running? python manage.py stripe_sandbox" in said
    assert "The endpoints can't be read from Stripe." in said


def test_a_live_key_is_told_to_be_live(settings: Any, box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_SECRET_KEY="sk_live_1", DEBUG=False)

    assert "The key is live: real money moves." in said
    assert not is_well  # the sandbox refuses live keys
    assert "WRONG  Stripe rejects the key." in said


def test_an_account_is_read_as_stripe_shows_it(box: Sandbox) -> None:
    assert retrieve_account() == Account(
        id="acct_1Sandbox00000000", name="Sandbox shop", country="US", takes_payments=True
    )


def test_an_account_that_takes_no_payments_yet_is_told(box: Sandbox) -> None:
    bare = {"id": "acct_1", "object": "account", "business_profile": None, "charges_enabled": False}
    with transport(Canned(bare)):
        _mode, name, trouble = account()

    assert name.text == "The money goes to acct_1 (without a name, )."
    assert trouble.state == "WRONG"
    assert trouble.next == "Finish it at dashboard.stripe.com/account/onboarding."


# --- the webhook --------------------------------------------------------------------------------


def test_an_endpoint_that_is_missing_says_what_to_type(box: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)

    said, is_well = ask(DEBUG=False)
    assert not is_well
    assert "WRONG  No webhook endpoint points to this site." in said
    assert "Next: python manage.py stripe_cart_webhook create\n" in said

    said, _is_well = ask(DEBUG=False, STRIPE_CART_BASE_URL=None)
    assert "stripe_cart_webhook create --url https://….example/stripe/webhook/" in said

    said, is_well = ask(DEBUG=True)
    assert is_well
    assert "Next: stripe listen --forward-to 127.0.0.1:8000/stripe/webhook/" in said


def test_an_endpoint_at_another_address_is_told(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_BASE_URL="https://www.shop.example", ALLOWED_HOSTS=["*"])

    assert not is_well
    assert (
        f"WRONG  Stripe sends events to {URL}, but the webhook is at https://www.shop.example/"
        in said
    )


def test_without_an_address_of_our_own_the_path_tells(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_BASE_URL=None)

    assert is_well
    assert f"Stripe sends all needed events to {URL}" in said
    assert "Shoppers come back from Stripe to the host that they came from." in said


def test_an_endpoint_that_lacks_something_is_told(box: Sandbox) -> None:
    (endpoint,) = gateway.list_endpoints()
    gateway.delete_endpoint(endpoint.id)
    gateway.create_endpoint(URL, ["charge.refunded"])

    said, is_well = ask(STRIPE_CART_API_VERSION="2025-10-29.clover")

    assert not is_well
    (events, version) = wrongs(said)
    assert "It is not subscribed to charge.dispute.closed, " in events
    assert version.endswith(
        "It uses API version 2025-09-30.clover, this app uses 2025-10-29.clover."
    )
    assert said.count("Next: python manage.py stripe_cart_webhook rotate") == 2


def test_an_endpoint_without_a_version_speaks_that_of_the_account(box: Sandbox) -> None:
    box.add_webhook_endpoint(URL)

    assert f"Stripe sends all needed events to {URL}, in your account's API version." in ask()[0]


def test_a_rotation_needs_both_secrets(box: Sandbox) -> None:
    gateway.create_endpoint(URL, EVENT_TYPES)

    said, is_well = ask()
    assert not is_well
    assert "Stripe sends events to 2 endpoints, and STRIPE_CART_WEBHOOK_SECRET has 1" in said

    said, is_well = ask(STRIPE_CART_WEBHOOK_SECRET=["whsec_new", "whsec_old"])
    assert is_well
    assert "Next: python manage.py stripe_cart_webhook retire" in said


def test_without_a_secret_nothing_is_rung(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_WEBHOOK_SECRET=None)

    assert not is_well
    assert "look   Without a secret, every webhook is refused." in said


def test_what_stands_before_the_webhook_is_found_by_ringing(box: Sandbox) -> None:
    wall_first = ["tests.test_doctor.wall", *site.MIDDLEWARE]
    said, is_well = ask(MIDDLEWARE=wall_first)
    assert not is_well
    assert "/stripe/webhook/ redirects to /accounts/login/?next=/stripe/webhook/: to Stripe" in said

    said, _is_well = ask(ALLOWED_HOSTS=["elsewhere.example"])
    assert "answers a valid event with 400: the host is not in ALLOWED_HOSTS" in said

    said, _is_well = ask(ROOT_URLCONF=(path("stripe/webhook/", taken), SHOP, WEBHOOK))
    assert "answers a valid event with 410: see the log." in said
    assert "(stripe_cart.W014)" in said


def test_a_site_whose_host_is_not_named_is_rung_all_the_same(box: Sandbox) -> None:
    for hosts in (["*"], [".shop.example"], []):
        said, _is_well = ask(STRIPE_CART_BASE_URL=None, ALLOWED_HOSTS=hosts, DEBUG=True)

        assert "/stripe/webhook/ accepts events signed with your secret." in said


def test_what_is_not_mounted_is_told(box: Sandbox) -> None:
    said, is_well = ask(ROOT_URLCONF=())

    assert not is_well
    assert len(wrongs(said)) == 2
    assert "The webhook's URL is not mounted, so it can't be tested." in said
    assert "The cart has no address." in said


def test_a_webhook_inside_languages_is_wrong(box: Sandbox) -> None:
    said, is_well = ask(ROOT_URLCONF=(SHOP, *i18n_patterns(WEBHOOK)))

    assert not is_well
    assert "(stripe_cart.W013)" in "".join(wrongs(said))


def test_the_last_webhook_is_told(box: Sandbox, browser: Browser, mug: Product) -> None:
    browser.add(mug)
    browser.check_out()
    order = browser.order
    Order.objects.update(synced_at=timezone.now())

    said, is_well = ask()
    assert not is_well
    assert "WRONG  No webhook about an order has ever come, though there are orders." in said

    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded", order=order)
    said, _is_well = ask()
    assert "The last webhook came 0\xa0minutes ago (charge.refunded)." in said


@pytest.mark.parametrize(("error", "told"), [("Boom", "Boom."), ("", "it was interrupted.")])
def test_webhooks_that_are_not_finished_are_told(box: Sandbox, error: str, told: str) -> None:
    WebhookEvent.objects.create(event_id="evt_new", type="charge.refunded")
    assert ask()[1]

    WebhookEvent.objects.create(event_id="evt_old", type="charge.refunded", error=error)
    ago = timezone.now() - timedelta(hours=2)
    WebhookEvent.objects.filter(event_id="evt_old").update(received_at=ago)
    said, is_well = ask()

    assert not is_well
    assert f"1 webhooks are not finished, the oldest (evt_old) since 2\xa0hours: {told}" in said


# --- what waits ---------------------------------------------------------------------------------


def test_orders_that_wait_are_told(box: Sandbox, browser: Browser, mug: Product) -> None:
    browser.add(mug)
    browser.check_out()
    WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded")
    assert ask()[1]

    hour = timezone.now() - timedelta(hours=1)
    Order.objects.update(placed_at=hour, synced_at=None, attention="disputed")
    said, is_well = ask()

    assert not is_well
    assert "Orders that wait to be paid: 1." in said
    assert f"1, the oldest ({browser.order.number}) since 1\xa0hour." in said
    assert "look   Orders that need review: 1." in said


@pytest.mark.parametrize(
    ("days", "sentence", "well"),
    [
        (2, "look   stripe_cart_sync finished 2\xa0days ago.", True),
        (31, "WRONG  stripe_cart_sync finished 1\xa0month ago: Stripe has deleted events", False),
    ],
)
def test_a_sync_of_long_ago_is_told(box: Sandbox, days: int, sentence: str, well: bool) -> None:
    EventCursor.objects.update(seen_until=timezone.now() - timedelta(days=days))

    said, is_well = ask()

    assert sentence in said
    assert is_well is well


def test_a_sync_that_never_ran_is_told(box: Sandbox) -> None:
    EventCursor.objects.all().delete()

    assert "look   stripe_cart_sync has never finished." in ask()[0]


# --- the database and e-mail --------------------------------------------------------------------


def test_a_migration_that_is_not_applied_is_told(box: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'stripe_cart'")

    said, is_well = ask()

    assert not is_well
    assert "WRONG  Not migrated yet: stripe_cart.0001_initial" in said
    assert "Next: python manage.py migrate" in said


@pytest.mark.not_on("mysql")  # where a table can't be renamed and brought back by a rollback
def test_a_table_that_is_missing_is_a_sentence_in_every_part(box: Sandbox) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE stripe_cart_eventcursor RENAME TO elsewhere")

    said, is_well = ask()

    assert not is_well
    assert "WRONG  The database can't answer: " in said
    assert "E-mail\n" in said


def test_a_product_model_that_is_not_there_breaks_nothing(box: Sandbox) -> None:
    said, is_well = ask(STRIPE_CART_PRODUCT_MODEL="nowhere.Product")

    assert not is_well
    assert "(stripe_cart.E005)" in said
    assert "There are products" not in said


@pytest.mark.parametrize(
    ("mailers", "sentence"),
    [
        ({"default": {"BACKEND": "django.core.mail.backends.console.EmailBackend"}}, "don't leave"),
        (
            {"default": {}},
            "ok     E-mails are sent by django.core.mail.backends.smtp",
        ),
        (
            {"default": {"BACKEND": "anymail.backends.ses.EmailBackend"}},
            "E-mails are sent by anymail",
        ),
        ({}, "look   No e-mail is sent: MAILERS has no “default”."),
    ],
)
def test_where_e_mails_go_is_told(box: Sandbox, mailers: dict[str, Any], sentence: str) -> None:
    assert sentence in ask(MAILERS=mailers)[0]


def test_e_mails_that_have_not_gone_out_are_counted(
    box: Sandbox, browser: Browser, mug: Product
) -> None:
    browser.add(mug)
    browser.check_out()
    order = browser.order
    early = timezone.now() - timedelta(hours=2)
    OrderEmail.objects.create(order=order, kind="paid", occasion="paid", created=early)
    OrderEmail.objects.create(order=order, kind="failed", occasion="failed")

    assert "look   Recent e-mails that were not sent: 1." in ask(MAILERS={"default": {}})[0]


def test_the_settings_from_before_mailers_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    older = SimpleNamespace(EMAIL_BACKEND=SMTP, DEFAULT_FROM_EMAIL="shop@shop.example")
    monkeypatch.setattr(import_module("django_stripe_cart.doctor.email"), "settings", older)

    assert f"E-mails are sent by {SMTP}." in [finding.text for finding in email()]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (["paid", "failed"], "Shoppers get an e-mail when an order is paid, failed."),
        (False, "Shoppers get no e-mail from the shop: STRIPE_CART_EMAILS."),
    ],
)
def test_which_e_mails_are_sent_is_told(box: Sandbox, setting: Any, sentence: str) -> None:
    assert sentence in ask(STRIPE_CART_EMAILS=setting)[0]


def test_an_e_mail_from_nowhere_is_told(box: Sandbox) -> None:
    said, is_well = ask(DEFAULT_FROM_EMAIL="webmaster@localhost")

    assert is_well
    assert "E-mails come from webmaster@localhost, which many mail servers reject." in said


def test_what_makes_a_part_fall_over_is_told_too(box: Sandbox) -> None:
    said, is_well = ask(MIGRATION_MODULES={"stripe_cart": "tests.nowhere"})

    assert not is_well
    assert "WRONG  This could not be checked: ModuleNotFoundError: No module named" in said
    assert "E-mail\n" in said
