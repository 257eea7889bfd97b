"""Orders and webhook events are shown, and can not be changed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from django_stripe_cart.models import (
    Cart,
    CartItem,
    Order,
    OrderEvent,
    OrderIssue,
    OrderItem,
    Refund,
    WebhookEvent,
)
from django_stripe_cart.testing.factories import OrderFactory, UserFactory
from tests.admin.conftest import VERBS
from tests.admin.pages import read, url

# What must not be changed by hand.
KEPT = [Cart, CartItem, Order, OrderIssue, OrderItem, OrderEvent, Refund, WebhookEvent]


# --- looking --------------------------------------------------------------------------------


def test_the_shop_is_one_section_of_the_admin(staff_client: Client) -> None:
    page = read(staff_client, reverse("admin:index"))

    assert "Products" in page
    assert "Orders" in page
    assert "Webhook events" in page


def test_orders_are_listed_with_what_people_ask_for(staff_client: Client, order: Order) -> None:
    page = read(staff_client, url("changelist", Order))

    for text in ("0A1B2C3D", "₹998.00", "Paid", "demo"):
        assert text in page


def test_orders_are_filtered_by_their_state(staff_client: Client, order: Order) -> None:
    assert "0A1B2C3D" in read(staff_client, url("changelist", Order), status__exact="paid")
    assert "0A1B2C3D" not in read(staff_client, url("changelist", Order), status__exact="pending")


def test_a_list_of_orders_costs_no_more_for_more_orders(
    staff_client: Client, order: Order, django_assert_num_queries: Any
) -> None:
    def cost() -> int:
        with django_assert_num_queries(1000, exact=False) as queries:
            read(staff_client, url("changelist", Order))
        return len(queries)

    cost()
    before = cost()
    for _number in range(5):
        user = UserFactory()
        OrderFactory(user=user, total=1)

    assert cost() == before


def test_an_orders_page_shows_its_whole_history(staff_client: Client, order: Order) -> None:
    page = read(staff_client, url("change", Order, order.pk))

    for text in ("Blue mug", "It came.", "re_1", "cs_test_1", "pi_1", "payer@example.com"):
        assert text in page


def test_an_orders_page_hands_out_no_payable_address(staff_client: Client, order: Order) -> None:
    page = read(staff_client, url("change", Order, order.pk))

    assert "secret-address" not in page
    assert "secret-return" not in page


def test_an_orders_page_has_nothing_to_fill_in_and_nothing_to_save(
    staff_client: Client, order: Order
) -> None:
    page = read(staff_client, url("change", Order, order.pk))

    for control in ('name="status"', 'name="total"', 'name="items-0-quantity"', 'name="_save"'):
        assert control not in page
    assert "/delete/" not in page


@pytest.mark.parametrize("status", Order.Status.values)
def test_an_order_can_be_looked_at_in_every_state(
    staff_client: Client, order: Order, status: str
) -> None:
    Order.objects.update(status=status)

    assert "Blue mug" in read(staff_client, url("change", Order, order.pk))


def test_webhook_events_are_listed_with_what_became_of_them(
    staff_client: Client, order: Order
) -> None:
    WebhookEvent.objects.create(event_id="evt_2", type="charge.refunded", error="It broke.")

    page = read(staff_client, url("changelist", WebhookEvent))

    for text in ("evt_1", "evt_2", "charge.refunded", "It broke.", "0A1B2C3D"):
        assert text in page
    assert "evt_2" in read(
        staff_client, url("change", WebhookEvent, WebhookEvent.objects.first().pk)
    )


# --- nothing is changed by hand -------------------------------------------------------------


@pytest.mark.parametrize("model", [Order, WebhookEvent])
def test_nothing_can_be_added_by_hand(staff_client: Client, order: Order, model: Any) -> None:
    count = model.objects.count()

    assert staff_client.get(url("add", model)).status_code == 403
    assert staff_client.post(url("add", model), {"currency": "inr", "total": 1}).status_code == 403
    assert model.objects.count() == count


def test_an_order_cannot_be_changed_by_hand(staff_client: Client, order: Order) -> None:
    form = {
        "status": "fulfilled",
        "total": 1,
        "amount_paid": 1,
        "items-TOTAL_FORMS": 1,
        "items-INITIAL_FORMS": 1,
        "items-0-id": order.items.get().pk,
        "items-0-quantity": 99,
        "refunds-TOTAL_FORMS": 1,
        "refunds-INITIAL_FORMS": 0,
        "refunds-0-amount": 1,
        "_save": "Save",
    }
    before = Order.objects.values().get()

    assert staff_client.post(url("change", Order, order.pk), form).status_code == 403

    assert Order.objects.values().get() == before
    assert order.items.get().quantity == 2
    assert order.refunds.count() == 1


def test_an_event_cannot_be_changed_by_hand(staff_client: Client, order: Order) -> None:
    event = order.webhook_events.get()
    form = {"event_id": "evt_9", "type": "none", "_save": "Save"}

    assert staff_client.post(url("change", WebhookEvent, event.pk), form).status_code == 403
    assert WebhookEvent.objects.get().event_id == "evt_1"


@pytest.mark.parametrize("model", [Order, WebhookEvent])
def test_nothing_can_be_deleted_by_hand(staff_client: Client, order: Order, model: Any) -> None:
    row = model.objects.get()

    assert staff_client.get(url("delete", model, row.pk)).status_code == 403
    assert staff_client.post(url("delete", model, row.pk), {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [Order, WebhookEvent])
def test_nothing_can_be_deleted_by_the_heap(staff_client: Client, order: Order, model: Any) -> None:
    form = {"action": "delete_selected", "_selected_action": [model.objects.get().pk], "post": "y"}

    staff_client.post(url("changelist", model), form)

    assert "delete_selected" not in read(staff_client, url("changelist", model))
    assert model.objects.count() == 1


def test_not_even_a_superuser_changes_an_order_by_hand(order: Order) -> None:
    owner = Client()
    owner.force_login(UserFactory(is_staff=True, is_superuser=True))

    assert owner.post(url("change", Order, order.pk), {"total": 1}).status_code == 403
    assert owner.post(url("delete", Order, order.pk), {"post": "yes"}).status_code == 403
    assert owner.get(url("change", Order, order.pk)).status_code == 200


def test_no_other_page_edits_a_read_only_model() -> None:
    assert {*admin.site._registry} & {*KEPT} == {Order, OrderIssue, WebhookEvent}


# --- the view permission --------------------------------------------------------------------


def test_staff_without_permission_sees_no_order(order: Order) -> None:
    staff_client = Client()
    staff_client.force_login(UserFactory(is_staff=True))

    assert staff_client.get(url("changelist", Order)).status_code == 403
    assert staff_client.get(url("change", Order, order.pk)).status_code == 403
    assert staff_client.get(url("changelist", WebhookEvent)).status_code == 403


def test_staff_with_only_the_view_permission_see_the_orders(order: Order) -> None:
    staff_user = UserFactory(is_staff=True)
    staff_user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    staff_client = Client()
    staff_client.force_login(staff_user)

    assert "0A1B2C3D" in read(staff_client, url("changelist", Order))
    assert "Blue mug" in read(staff_client, url("change", Order, order.pk))


def test_shoppers_see_nothing_of_the_admin(user: User, order: Order) -> None:
    shopper = Client()
    shopper.force_login(user)

    assert shopper.get(url("change", Order, order.pk)).status_code == 302


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_permission_of_its_own(db: None, verb: str) -> None:
    permission = Permission.objects.get(codename=f"{verb}_order")

    assert permission.content_type.model_class() is Order


def test_a_shopper_with_orders_can_be_deleted_and_the_orders_stay(
    staff_client: Client, order: Order, user: User
) -> None:
    page = staff_client.post(reverse("admin:auth_user_delete", args=[user.pk]), {"post": "yes"})

    assert page.status_code == 302
    assert Order.objects.get().user is None


def test_amounts_are_shown_as_people_write_them(admin_client: Client, db: None) -> None:
    order = OrderFactory(total=214700, amount_paid=214700)
    order.items.create(name="Mug", unit_amount=84900, quantity=1)
    order.refunds.create(amount=5000)

    page = admin_client.get(f"/admin/stripe_cart/order/{order.pk}/change/").content.decode()

    assert all(shown in page for shown in ("₹2,147.00", "₹849.00", "₹50.00"))
    assert not any(raw in page for raw in ("214700", "84900"))
