"""Views of the shopper's orders: list, show, pay, cancel and order again."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.contrib.messages import constants as messages
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from django_stripe_cart import order_again as orders_again
from django_stripe_cart.checkout import cancel_order, resume_payment
from django_stripe_cart.emails import will_email
from django_stripe_cart.exceptions import OrderError, PaymentError, ShopBusy
from django_stripe_cart.models import Order, OrderEmail
from django_stripe_cart.timeline import BY_SHOPPER
from django_stripe_cart.web.decorators import shop_view
from django_stripe_cart.web.messages import add_error, add_message, add_status_message
from django_stripe_cart.web.order_refresh import (
    RefreshSchedule,
    sync_if_unsettled,
    sync_or_keep,
)
from django_stripe_cart.web.pagination import Page
from django_stripe_cart.web.responses import cart_response, order_response, redirect_to, render_page
from django_stripe_cart.web.return_urls import return_urls
from django_stripe_cart.web.shopper import Shopper

ORDERS_PER_PAGE = 10


@shop_view
@require_GET
def orders(request: HttpRequest) -> HttpResponse:
    """List the shopper's orders, the newest first."""
    rows = Shopper.of(request).orders.newest_first().prefetch_related("items")
    page = Page.from_queryset(rows, request.GET.get("page"), size=ORDERS_PER_PAGE)
    login_url = "" if request.user.is_authenticated else redirect_to_login(request.path).url
    return render_page(request, "orders", {"page": page, "login_url": login_url})


@shop_view
@require_GET
def order(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Show an order. If its payment may still succeed or fail, sync it with Stripe first."""
    order = Shopper.of(request).get_order(reference)
    order = sync_if_unsettled(order)
    refresh = RefreshSchedule.parse(request.GET.get("refresh", "")) if order.is_pending else None
    context = {
        "order": order,
        "is_own": Shopper.of(request).owns(order),
        "refresh": refresh,
        "will_email": will_email(order, OrderEmail.Kind.PAID),
    }
    return render_page(request, "order", context, "cart")


@shop_view
@require_GET
def receipt(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Redirect to Stripe's receipt."""
    order = Shopper.of(request).get_own_order(reference)  # the receipt names the customer
    if order.has_receipt and not order.receipt_url:  # webhooks do not contain the URL
        order = sync_or_keep(order)
    if order.receipt_url:
        return redirect_to(request, order.receipt_url)
    add_message(request, messages.ERROR, _("There is no receipt for this order at the moment."))
    return redirect_to(request, order.get_absolute_url())


@shop_view
@require_POST
def order_pay(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Redirect to the payment page of an unpaid order."""

    def pay(order: Order) -> Order:
        urls = return_urls(request, cancel=order.get_absolute_url())
        return resume_payment(order, return_urls=urls, by=BY_SHOPPER)

    return _change_order(request, reference, pay)


@shop_view
@require_POST
def order_cancel(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Cancel an unpaid order."""
    return _change_order(request, reference, lambda order: cancel_order(order, by=BY_SHOPPER))


@shop_view
@require_POST
def order_again(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Add the items of an earlier order to the cart."""
    order = Shopper.of(request).get_own_order(reference)
    try:
        result = Shopper.of(request).change_cart(orders_again.order_again, order=order)
    except ShopBusy as busy:
        add_error(request, busy)
        return cart_response(request)
    for error in result.refused:
        add_message(request, messages.WARNING, str(error), code=error.code)
    if result.added:
        text = ngettext(
            "%(count)d product is in your cart again. Subtotal: %(total)s",
            "%(count)d products are in your cart again. Subtotal: %(total)s",
            len(result.added),
        )
        values = {"count": len(result.added), "total": Shopper.of(request).contents.subtotal}
        add_message(request, messages.SUCCESS, text % values)
    return cart_response(request)


def _change_order(
    request: HttpRequest, reference: UUID, change: Callable[[Order], Order]
) -> HttpResponse:
    """Call ``change`` with the shopper's own order, and show the result or an error.

    If the changed order can be paid, redirect to its payment page.
    """
    shopper = Shopper.of(request)
    try:
        order = change(shopper.get_own_order(reference))
    except (OrderError, PaymentError) as error:
        add_error(request, error)
        return order_response(request, shopper.get_own_order(reference))
    if order.is_payable:
        return redirect_to(request, order.session_url)
    add_status_message(request, order)
    return order_response(request, order)
