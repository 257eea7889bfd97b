"""The list of webhook events, the page of an event, and the notice on the front page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.test import Client, RequestFactory
from django.urls import include, path, reverse
from django.utils import timezone

from django_stripe_cart.admin import WebhookEventAdmin
from django_stripe_cart.admin.front_page import add_notice, read_notices
from django_stripe_cart.models import Order, WebhookEvent
from django_stripe_cart.webhooks import acknowledge_event
from tests.admin.conftest import StaffClientWith
from tests.admin.pages import read, url
from tests.admin.webhooks.conftest import make_old

COUNTED = "webhook event could not be processed."


def listed(staff_client: Client, **query: str) -> set[str]:
    """Return the ids of the events in the list."""
    page = read(staff_client, url("changelist", WebhookEvent), **query)
    ids = WebhookEvent.objects.values_list("event_id", flat=True)
    return {event_id for event_id in ids if f">{event_id}</span></a>" in page}


@pytest.fixture
def one_of_each(db: None) -> list[WebhookEvent]:
    states: dict[str, dict[str, Any]] = {
        "evt_processed": {"processed_at": timezone.now()},
        "evt_acknowledged": {"acknowledged_at": timezone.now(), "acknowledged_by": "ada"},
        "evt_waiting": {"error": "KeyError", "retry_at": timezone.now() + timedelta(days=1)},
        "evt_due": {"error": "KeyError"},
    }
    events = [
        WebhookEvent.objects.create(event_id=event_id, type="charge.refunded", **values)
        for event_id, values in states.items()
    ]
    make_old()
    return [*events, WebhookEvent.objects.create(event_id="evt_new", type="charge.refunded")]


# --- the list ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "ids"),
    [
        ("waiting", {"evt_waiting", "evt_due"}),
        ("acknowledged", {"evt_acknowledged"}),
        ("processed", {"evt_processed"}),
    ],
)
def test_the_list_is_filtered_by_state(
    staff_client: Client, one_of_each: list[WebhookEvent], state: str, ids: set[str]
) -> None:
    assert listed(staff_client, state=state) == ids
    assert len(listed(staff_client)) == 5


def test_each_event_says_how_it_stands(
    staff_client: Client, one_of_each: list[WebhookEvent]
) -> None:
    page = read(staff_client, url("changelist", WebhookEvent))

    for text in ("Processed", "by ada, ", "Next attempt: at the next sync", "Just received"):
        assert page.count(text) >= 1
    for state, count in {"processed": 1, "acknowledged": 1, "waiting": 2, "received": 1}.items():
        assert page.count(f"stripe-cart-event-{state}") == count


def test_the_actions_are_offered_in_the_list_to_those_who_may(
    staff_client: Client, staff_client_with: StaffClientWith, one_of_each: list[WebhookEvent]
) -> None:
    address = url("changelist", WebhookEvent)
    viewer = staff_client_with("view_webhookevent")

    assert 'value="acknowledge_selected"' in read(staff_client, address)
    assert "_selected" not in read(viewer, address)


def test_a_list_of_events_costs_no_more_for_more_events(
    staff_client: Client, order: Order, django_assert_num_queries: Any
) -> None:
    def cost() -> int:
        with django_assert_num_queries(1000, exact=False) as queries:
            read(staff_client, url("changelist", WebhookEvent))
        return len(queries)

    cost()
    before = cost()
    for number in range(5):
        order.webhook_events.create(event_id=f"evt_more_{number}", type="charge.refunded")

    assert cost() == before


# --- the page of an event ---------------------------------------------------------------------


def test_a_waiting_event_says_what_happened_and_what_to_do(
    staff_client: Client, waiting: WebhookEvent
) -> None:
    page = read(staff_client, url("change", WebhookEvent, waiting.pk))

    assert "The order is not in this database." in page
    assert "Look at the payment in Stripe first" in page
    for action in ("acknowledge", "retry"):
        assert f'href="{url(action, WebhookEvent, waiting.pk)}"' in page


def test_an_event_that_failed_for_another_reason_has_another_advice(
    staff_client: Client, one_of_each: list[WebhookEvent]
) -> None:
    page = read(staff_client, url("change", WebhookEvent, one_of_each[2].pk))

    assert "look for the cause of the error first" in page
    assert "backup" not in page
    assert "Next attempt: " in page


@pytest.mark.parametrize("number", [0, 1, 4])
def test_an_event_that_does_not_wait_has_no_advice(
    staff_client: Client, one_of_each: list[WebhookEvent], number: int
) -> None:
    page = read(staff_client, url("change", WebhookEvent, one_of_each[number].pk))

    assert "stripe-cart-failure" not in page
    assert "/acknowledge/" not in page


@pytest.mark.parametrize(("livemode", "mode"), [(True, ""), (False, "/test")])
def test_an_event_links_to_the_dashboard_in_its_mode(
    staff_client: Client, waiting: WebhookEvent, livemode: bool, mode: str
) -> None:
    WebhookEvent.objects.update(livemode=livemode)

    page = read(staff_client, url("change", WebhookEvent, waiting.pk))

    dashboard = f"https://dashboard.stripe.com{mode}"
    assert f'href="{dashboard}/events/{waiting.event_id}"' in page
    assert f'href="{dashboard}/search?query={waiting.object_id}"' in page


def test_with_the_sandbox_an_event_leads_to_the_sandbox(
    staff_client: Client, waiting: WebhookEvent, settings: Any
) -> None:
    settings.STRIPE_CART_API_BASE = "http://127.0.0.1:9"

    page = read(staff_client, url("change", WebhookEvent, waiting.pk))

    assert f'href="http://127.0.0.1:9/#{waiting.object_id}"' in page
    assert "dashboard.stripe.com" not in page


def test_a_host_without_time_zones_sees_every_page(staff_client: Client, settings: Any) -> None:
    settings.USE_TZ = False
    event = WebhookEvent.objects.create(event_id="evt_1", type="charge.refunded")
    make_old(event)

    for address in (
        url("changelist", WebhookEvent),
        url("change", WebhookEvent, event.pk),
        url("acknowledge", WebhookEvent, event.pk),
    ):
        assert "Waiting" in read(staff_client, address) or "/acknowledge/" in address


@pytest.mark.urls("tests.admin.urls")
@pytest.mark.parametrize("page", ["", "{pk}/change/", "{pk}/acknowledge/", "{pk}/retry/"])
def test_in_another_site_every_link_stays_there(
    admin_client: Client, waiting: WebhookEvent, page: str
) -> None:
    address = f"/back/office/stripe_cart/webhookevent/{page.format(pk=waiting.pk)}"

    links = re.findall(r'(?:href|action)="(/[^"]*)"', read(admin_client, address))

    assert len(links) > 3
    for link in links:
        assert link.startswith(("/back/office/", "/static/", "/shop/")) or link == "/"


# --- beside orders ----------------------------------------------------------------------------


def test_an_orders_page_and_the_search_still_find_its_events(
    staff_client: Client, order: Order
) -> None:
    page = read(staff_client, url("change", Order, order.pk))

    address = f"{url('changelist', WebhookEvent)}?order__id__exact={order.pk}"
    assert f'href="{address}"' in page
    assert listed(staff_client, order__id__exact=str(order.pk)) == {"evt_1"}
    assert order.number in read(staff_client, url("changelist"), q="evt_1")


# --- the front page ---------------------------------------------------------------------------


def test_the_front_page_counts_the_waiting_events(
    staff_client: Client, staff_client_with: StaffClientWith, waiting: WebhookEvent
) -> None:
    address = f"{url('changelist', WebhookEvent)}?state=waiting"
    for name in ("admin:index", "admin:app_list"):
        page = read(
            staff_client, reverse(name, args=["stripe_cart"] if name.endswith("list") else [])
        )
        assert f"1 {COUNTED}" in page
        assert f'href="{address}"' in page
    assert COUNTED in read(staff_client_with("view_webhookevent"), reverse("admin:index"))
    assert COUNTED not in read(staff_client_with("view_order"), reverse("admin:index"))

    acknowledge_event(waiting)

    assert COUNTED not in read(staff_client, reverse("admin:index"))


def test_the_front_page_counts_the_events_beside_the_orders_with_issues(
    staff_client: Client, order: Order, one_of_each: list[WebhookEvent]
) -> None:
    order.issues.create(reason="refund_failed")
    make_old()

    page = read(staff_client, reverse("admin:index"))

    assert "1 order has open issues." in page
    assert "webhook events could not be processed." in page


def test_a_site_that_does_not_list_the_events_does_not_count_them(
    staff_client: Client, waiting: WebhookEvent, settings: Any
) -> None:
    site = AdminSite(name="office")
    add_notice(site)
    settings.ROOT_URLCONF = (path("office/", site.urls), path("", include("tests.urls")))
    assert COUNTED not in read(staff_client, "/office/")

    site.register(WebhookEvent, WebhookEventAdmin)
    settings.ROOT_URLCONF = (path("office/", site.urls), path("", include("tests.urls")))
    page = read(staff_client, "/office/")

    assert COUNTED in page
    assert 'href="/office/stripe_cart/webhookevent/?state=waiting"' in page


def test_events_that_a_host_hides_are_not_counted(
    staff_client: Client, waiting: WebhookEvent, settings: Any
) -> None:
    class Events(WebhookEventAdmin):
        def get_queryset(self, request: Any) -> Any:
            return super().get_queryset(request).exclude(pk=waiting.pk)

    site = AdminSite(name="own")
    site.register(WebhookEvent, Events)
    add_notice(site)
    settings.ROOT_URLCONF = (path("own/", site.urls), path("", include("tests.urls")))

    assert COUNTED not in read(staff_client, "/own/")
    assert (
        staff_client.post(f"/own/stripe_cart/webhookevent/{waiting.pk}/retry/").status_code == 404
    )


def test_a_page_outside_a_site_that_shows_notices_has_none(rf: RequestFactory) -> None:
    assert read_notices(rf.get("/")) == []
