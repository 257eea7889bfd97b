"""Issues in the admin: each is explained, and settled by itself with a note."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.admin import AdminSite
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse

from django_stripe_cart.admin import OrderAdmin, OrderIssueAdmin
from django_stripe_cart.admin.front_page import INDEX_TEMPLATE, add_notice
from django_stripe_cart.admin.orders.issues import EXPLANATIONS, explain
from django_stripe_cart.models import Order, OrderIssue
from django_stripe_cart.refunds import refund_order
from django_stripe_cart.sandbox import Sandbox
from tests.admin.conftest import StaffClientWith
from tests.admin.pages import fields, post, press, read, url
from tests.support.orders import issues

pytestmark = pytest.mark.database

MakeOrder = Callable[..., Order]


def page_of(staff_client: Client, order: Order) -> str:
    return read(staff_client, url("change", Order, order.pk))


def settle_url(issue: OrderIssue) -> str:
    return url("settle", Order, issue.order_id) + f"?issue={issue.pk}"


@pytest.fixture
def two(paid: Order) -> list[OrderIssue]:
    return [paid.issues.create(reason=reason) for reason in ("refund_failed", "stock_not_returned")]


# --- the page of the order --------------------------------------------------------------------


def test_every_reason_says_what_to_do(order: Order) -> None:
    texts = {explain(OrderIssue(order=order, reason=r), order) for r in OrderIssue.Reason.values}

    assert "" not in texts
    assert len(texts) == len(OrderIssue.Reason.values)
    assert {*EXPLANATIONS} | {"disputed"} == {*OrderIssue.Reason.values}


def test_each_open_issue_has_a_button_of_its_own(
    staff_client: Client, staff_client_with: StaffClientWith, paid: Order, two: list[OrderIssue]
) -> None:
    page = page_of(staff_client, paid)

    assert [page.count(settle_url(issue)) for issue in two] == [1, 1]
    assert page.count("/settle/") == 2
    assert "/settle/" not in page_of(staff_client_with("view_order"), paid)


def test_an_issue_is_settled_alone_and_its_note_is_kept(
    staff_client: Client, paid: Order, two: list[OrderIssue]
) -> None:
    said = press(staff_client, settle_url(two[0]), note="Paid in cash.")

    assert said == [f"Order {paid.number}: settled; the order's status is “Paid”."]
    assert issues(paid) == ["stock_not_returned"]
    two[0].refresh_from_db()
    assert (two[0].settled_by, two[0].note) == ("clerk", "Paid in cash.")
    page = page_of(staff_client, paid)
    assert "Settled issues" in page
    assert page.count("Paid in cash.") == 2  # below the issues, and on the timeline


def test_a_doubled_form_settles_once_and_no_issue_that_came_later(
    staff_client: Client, paid: Order, two: list[OrderIssue]
) -> None:
    address = url("settle", Order, paid.pk)
    form = fields(read(staff_client, address)) | {"note": "First."}
    paid.issues.create(reason="review", about="prv_1")

    post(staff_client, address, form)
    post(staff_client, address, form | {"note": "Second."})

    assert issues(paid) == ["review"]
    assert {issue.note for issue in two[0].order.issues.exclude(reason="review")} == {"First."}
    assert paid.events.filter(kind="issue_settled").count() == 2


def test_an_issue_that_is_settled_already_is_not_asked_about(
    staff_client: Client, paid: Order, two: list[OrderIssue]
) -> None:
    press(staff_client, settle_url(two[0]))

    answer = staff_client.get(settle_url(two[0]), follow=True)

    assert "is not possible at the moment" in answer.content.decode()
    assert staff_client.get(url("settle", Order, paid.pk) + "?issue=x").status_code == 303


@pytest.mark.parametrize("chosen", ["", "x", "1,", "9" * 30])
def test_a_form_without_its_issues_settles_nothing(
    staff_client: Client, paid: Order, two: list[OrderIssue], chosen: str
) -> None:
    answer = staff_client.post(url("settle", Order, paid.pk), {"issues": chosen})

    assert answer.status_code == 200
    assert len(issues(paid)) == 2


def test_an_issue_of_another_order_is_not_settled(
    staff_client: Client, paid: Order, two: list[OrderIssue], make_order: MakeOrder
) -> None:
    other = make_order("paid").issues.create(reason="refund_failed")

    post(staff_client, url("settle", Order, paid.pk), {"issues": str(other.pk)})

    other.refresh_from_db()
    assert other.is_open


# --- the way to Stripe ------------------------------------------------------------------------


@pytest.mark.parametrize(("livemode", "mode"), [(True, ""), (False, "/test")])
def test_a_second_payment_is_searched_for_in_the_mode_of_the_order(
    staff_client: Client, paid: Order, livemode: bool, mode: str
) -> None:
    Order.objects.update(livemode=livemode)
    paid.issues.create(reason="unknown_money", about="cs_other")

    page = page_of(staff_client, paid)

    assert f'href="https://dashboard.stripe.com{mode}/search?query=cs_other"' in page


def test_with_the_sandbox_issues_lead_to_the_sandbox(
    staff_client: Client, paid: Order, sandbox: Sandbox, settings: Any
) -> None:
    sandbox.open_dispute(paid.session_id)
    paid.issues.create(reason="unknown_money", about="cs_other")
    settings.STRIPE_CART_API_BASE = "http://127.0.0.1:9"

    page = page_of(staff_client, paid)

    assert 'href="http://127.0.0.1:9/#cs_other"' in page
    # The links of the payment, of the issue and of the dispute.
    assert page.count(f'href="http://127.0.0.1:9/#{paid.session_id}"') == 3
    assert "dashboard.stripe.com" not in page


# --- disputes ---------------------------------------------------------------------------------


def test_two_disputes_are_told_apart(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("paid")
    for amount in (3000, 7000):
        sandbox.open_dispute(order.session_id, amount=amount)
    page = page_of(staff_client, order)
    assert page.count("until it has decided") == 2
    assert page.count("Answer by") >= 4
    first, second = sandbox.disputes
    assert f"https://dashboard.stripe.com/test/disputes/{first['id']}" in page

    sandbox.close_dispute(first, won=True)
    sandbox.close_dispute(second, won=False)

    page = page_of(staff_client, order)
    assert "until it has decided" not in page
    assert "The shopper has the money back" in page
    assert "Dispute: ₹30.00, Won" in page
    assert "Dispute: ₹70.00, Lost" in page
    assert all(page.count(dispute["id"]) > 2 for dispute in (first, second))
    assert "Lost in disputes" in page
    assert "₹70.00 lost in a dispute" in read(staff_client, url("changelist"))


def test_an_inquiry_leaves_the_refund_button(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("paid")
    sandbox.open_dispute(order.session_id, is_inquiry=True)

    page = page_of(staff_client, order)

    assert "asks about the payment" in page
    assert "/refund/" in page


def test_a_refund_that_fails_during_a_dispute_is_not_to_be_made_again(
    staff_client: Client, make_order: MakeOrder, sandbox: Sandbox
) -> None:
    order = make_order("paid")
    refund_order(order, 3000)
    sandbox.open_dispute(order.session_id)
    sandbox.set_refund_status(sandbox.refunds[0], "failed")

    page = page_of(staff_client, order)

    assert "so that the shopper is not paid twice" in page
    assert "Refund again" not in page
    assert "/refund/" not in page


# --- the list of issues, and the front page ---------------------------------------------------


def test_the_list_shows_the_open_issues_and_leads_to_their_orders(
    staff_client: Client, paid: Order, two: list[OrderIssue]
) -> None:
    press(staff_client, settle_url(two[0]), note="Paid in cash.")

    page = read(staff_client, url("changelist", OrderIssue))
    assert page.count("field-issue") == 1
    assert "Paid in cash." not in page
    assert "Paid in cash." in read(staff_client, url("changelist", OrderIssue), state="settled")
    assert read(staff_client, url("changelist", OrderIssue), state="all").count("field-issue") == 2

    answer = staff_client.get(url("change", OrderIssue, two[1].pk))
    assert answer.headers["Location"] == f"{url('change', Order, paid.pk)}#issue-{two[1].pk}"
    assert staff_client.post(url("change", OrderIssue, two[1].pk)).status_code == 403
    assert staff_client.get(url("change", OrderIssue, 0)).status_code == 404


def test_the_front_page_counts_the_orders_with_open_issues(
    staff_client: Client, staff_client_with: StaffClientWith, paid: Order, two: list[OrderIssue]
) -> None:
    for name in ("admin:index", "admin:app_list"):
        address = reverse(name, args=["stripe_cart"] if name.endswith("list") else [])
        assert "1 order has open issues." in read(staff_client, address)
    assert "open issues." in read(staff_client_with("view_order"), reverse("admin:index"))
    assert "open issues." not in read(staff_client_with("view_product"), reverse("admin:index"))

    OrderIssue.objects.all().delete()
    assert "open issues." not in read(staff_client, reverse("admin:index"))


def test_a_site_that_does_not_list_the_issues_does_not_count_them(
    staff_client: Client, two: list[OrderIssue], settings: Any
) -> None:
    site = AdminSite(name="office")
    site.register(Order, OrderAdmin)
    add_notice(site)
    settings.ROOT_URLCONF = (path("office/", site.urls), path("", include("tests.urls")))

    page = read(staff_client, "/office/")
    assert "/office/stripe_cart/order/" in page
    assert "open issues." not in page

    site.register(OrderIssue, OrderIssueAdmin)
    settings.ROOT_URLCONF = (path("office/", site.urls), path("", include("tests.urls")))
    assert "1 order has open issues." in read(staff_client, "/office/")


def test_issues_need_the_permission_to_view_orders(
    staff_client_with: StaffClientWith, paid: Order, two: list[OrderIssue]
) -> None:
    for permission, status in (("view_order", 200), ("view_orderissue", 403)):
        staff_client = staff_client_with(permission)
        assert staff_client.get(url("changelist", OrderIssue)).status_code == status
        expected = 303 if status == 200 else 403
        assert staff_client.get(url("change", OrderIssue, two[0].pk)).status_code == expected


def test_a_site_with_a_front_page_of_its_own_keeps_it() -> None:
    site = AdminSite(name="own")
    site.index_template = "mine.html"
    add_notice(site)
    assert site.index_template == "mine.html"

    plain = AdminSite(name="plain")
    add_notice(plain)
    assert plain.index_template == INDEX_TEMPLATE


def test_issues_of_orders_that_a_host_hides_are_hidden(
    rf: object, paid: Order, two: list[OrderIssue]
) -> None:
    class Orders(OrderAdmin):
        def get_queryset(self, request: object) -> object:
            return Order.objects.none()

    site = AdminSite(name="own")
    issue_admin = OrderIssueAdmin(OrderIssue, site)
    assert not issue_admin.has_view_permission(None)  # type: ignore[arg-type]
    site.register(Order, Orders)

    assert issue_admin.count_orders_with_open_issues(None) == 0  # type: ignore[arg-type]


def test_many_issues_take_no_more_queries_to_settle(paid: Order, staff_client: Client) -> None:
    def count(ids: range) -> int:
        OrderIssue.objects.bulk_create(
            OrderIssue(order=paid, reason="disputed", about=f"dp_{number}") for number in ids
        )
        with CaptureQueriesContext(connection) as queries:
            read(staff_client, url("settle", Order, paid.pk))
        return len(queries)

    assert count(range(2)) == count(range(2, 12))
