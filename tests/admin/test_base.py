"""Permissions: staff without a permission can reach no action by any URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from django_stripe_cart.admin import OrderAdmin
from django_stripe_cart.models import Order, OrderIssue, OrderItem, Product, Refund, WebhookEvent
from django_stripe_cart.sandbox import Sandbox
from tests.admin.conftest import VERBS, RegisterOrderAdmin, StaffClientWith
from tests.admin.pages import read, url

MakeOrder = Callable[..., Order]

MODELS = [
    "order", "orderitem", "orderevent", "refund", "webhookevent", "cart", "cartitem", "product",
]  # fmt: skip
FOR_LOOKING = [f"view_{model}" for model in MODELS]
FOR_CHANGING = [
    *[f"{verb}_{model}" for verb in ("add", "change") for model in MODELS],
    # A product may be deleted; the order's line lives on without it.
    *[f"delete_{model}" for model in MODELS[:-1]],
]


def patterns(urls: Any) -> Iterator[URLPattern]:
    for one in urls:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns)
        else:
            yield one


def addresses(orders: list[Order]) -> Iterator[str]:
    """Every URL of ours in the admin, for every order."""
    rows = {
        "order": [order.pk for order in orders],
        "webhookevent": list(WebhookEvent.objects.values_list("pk", flat=True)[:1]),
        "product": list(Product.objects.values_list("pk", flat=True)[:1]),
        "orderissue": list(OrderIssue.objects.values_list("pk", flat=True)[:1]),
    }
    for pattern in patterns(admin.site.urls[0]):
        name = pattern.name or ""
        if not name.startswith("stripe_cart_"):
            continue
        converters = pattern.pattern.converters
        if converters:
            (argument,) = converters
            for pk in rows[name.split("_")[2]]:
                yield reverse(f"admin:{name}", kwargs={argument: pk})
        else:
            ids = ",".join(str(order.pk) for order in orders)
            yield reverse(f"admin:{name}") + f"?ids={ids}"
            for order in orders:
                yield reverse(f"admin:{name}") + f"?ids={order.pk}"


def forms(address: str, orders: list[Order]) -> Iterator[dict[str, Any]]:
    """All that a form of ours could ask for, and in a list every action by its name."""
    everything = {
        "key": uuid4(), "refundable": 10000, "amount": "1.00", "reason": "x", "confirmed": "on",
        "issues": ",".join(str(pk) for pk in OrderIssue.objects.values_list("pk", flat=True)),
        "status": "refunded", "amount_refunded": "1", "_save": "Save", "post": "yes",
    }  # fmt: skip
    yield everything
    if address.partition("?")[0] == url("changelist"):
        chosen = {"_selected_action": [order.pk for order in orders], "index": 0}
        model_admin = admin.site._registry[Order]
        names = [getattr(action, "__name__", action) for action in model_admin.actions or ()]
        for name in [*names, "delete_selected"]:
            yield everything | chosen | {"action": name}


def walk(staff_client: Client, orders: list[Order]) -> int:
    """Go everywhere and press everything; follow wherever that leads. Return how often."""
    presses = 0
    for address in addresses(orders):
        staff_client.get(address)
        for form in forms(address, orders):
            answer = staff_client.post(address, form)
            # The page that asks, which an action in the list leads to: say yes there, too.
            if answer.status_code == 303 and "ids=" in answer.headers["Location"]:
                staff_client.post(answer.headers["Location"], form)
            presses += 1
    return presses


def money() -> Any:
    """All that is known of any order, but for when it was looked at."""
    hidden = ("synced_at", "version")
    orders = [
        {name: value for name, value in row.items() if name not in hidden}
        for row in Order.objects.order_by("pk").values()
    ]
    return orders, list(Refund.objects.values()), list(OrderItem.objects.values())


@pytest.fixture
def orders(make_order: MakeOrder, sandbox: Sandbox) -> list[Order]:
    """One for each verb: pending, paid, fulfilled, and one that waits for a person."""
    held = make_order("pending")
    Order.objects.filter(pk=held.pk).update(total=1)
    sandbox.pay(held.session_url)
    return [make_order("pending"), make_order("paid"), make_order("fulfilled"), held]


@pytest.mark.parametrize(
    "permissions", [[], FOR_LOOKING, FOR_LOOKING + FOR_CHANGING], ids=["none", "view", "change"]
)
def test_without_a_verbs_own_permission_nothing_moves(
    staff_client_with: StaffClientWith,
    orders: list[Order],
    sandbox: Sandbox,
    permissions: list[str],
) -> None:
    staff_client = staff_client_with(*permissions)
    before, calls = money(), len(sandbox.requests)

    presses = walk(staff_client, orders)

    assert presses > 80
    assert money() == before
    assert len(sandbox.requests) == calls


def test_the_same_walk_with_all_permissions_changes_every_order(
    staff_client: Client, orders: list[Order], sandbox: Sandbox
) -> None:
    walk(staff_client, orders)

    assert {order.status for order in Order.objects.all()} == {"canceled", "refunded"}
    assert sum(refund["amount"] for refund in sandbox.refunds) == 30000
    assert not OrderIssue.objects.open().exists()


@pytest.mark.parametrize("verb", VERBS)
def test_a_permission_opens_its_own_action_and_no_other(
    staff_client_with: StaffClientWith, orders: list[Order], verb: str
) -> None:
    staff_client = staff_client_with("view_order", f"{verb}_order")

    page = read(staff_client, url("changelist"))
    for other in VERBS:
        is_open = other == verb
        expected = (200, 303) if is_open else (403,)
        assert (f'value="{other}_selected"' in page) == is_open
        for order in orders:
            assert staff_client.get(url(other, Order, order.pk)).status_code in expected
            assert staff_client.post(url(other, Order, order.pk)).status_code in (
                *expected[:1],
                303,
                403,
            )
            if not is_open:
                assert staff_client.post(url(other, Order, order.pk)).status_code == 403
        assert (
            staff_client.get(url(f"{other}_selected"), {"ids": orders[0].pk}).status_code
            in expected
        )


@pytest.mark.parametrize("verb", VERBS)
def test_staff_without_the_view_permission_can_not_act(
    staff_client_with: StaffClientWith, orders: list[Order], verb: str
) -> None:
    staff_client = staff_client_with(f"{verb}_order")

    assert staff_client.get(url(verb, Order, orders[0].pk)).status_code == 403
    assert staff_client.post(url(verb, Order, orders[0].pk)).status_code == 403


@pytest.mark.parametrize("name", ["sales", "export", "changelist"])
def test_reports_and_exports_need_the_view_permission(
    staff_client_with: StaffClientWith, order: Order, name: str
) -> None:
    assert staff_client_with("refund_order").get(url(name)).status_code == 403
    assert staff_client_with("view_order").get(url(name)).status_code == 200


def test_a_host_can_hide_an_order_from_a_user(
    staff_client: Client,
    orders: list[Order],
    register_order_admin: RegisterOrderAdmin,
) -> None:
    kept = orders[1]

    class Orders(OrderAdmin):
        def has_refund_permission(self, request: Any, obj: Order | None = None) -> bool:
            return obj is None or obj.pk != kept.pk

    register_order_admin(Orders)

    ids = f"{kept.pk},{orders[2].pk}"
    assert staff_client.get(url("refund", Order, kept.pk)).status_code == 403
    assert staff_client.get(url("refund_selected"), {"ids": ids}).status_code == 403
    assert staff_client.get(url("refund", Order, orders[2].pk)).status_code == 200
    assert "/refund/" not in read(staff_client, url("change", Order, kept.pk))


def test_strangers_are_sent_to_the_login(order: Order, user: Any) -> None:
    shopper = Client()
    shopper.force_login(user)

    for page in ("refund", "cancel", "fulfill", "settle", "sync"):
        answer = shopper.post(url(page, Order, order.pk))
        assert answer.status_code == 302
        assert "/login/" in answer.headers["Location"]


def test_the_permissions_are_those_that_the_docs_name(db: None) -> None:
    ours = Permission.objects.filter(content_type__app_label="stripe_cart")

    assert {f"{verb}_order" for verb in VERBS} <= set(ours.values_list("codename", flat=True))
