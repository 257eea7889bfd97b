"""What a shopper sees of orders, and can do: pay one after all, cancel it, order it again."""

from __future__ import annotations

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
from django_stripe_cart.exceptions import OrderError, PaymentError
from django_stripe_cart.models import OrderEmail
from django_stripe_cart.timeline import BY_SHOPPER
from django_stripe_cart.web.decorators import shop_view
from django_stripe_cart.web.order_access import get_order, get_own_order
from django_stripe_cart.web.order_refresh import Wait, ask_again, look_again, was_just_looked_at
from django_stripe_cart.web.pagination import Page
from django_stripe_cart.web.responses import (
    refuse,
    say,
    say_how_it_stands,
    send_to,
    show,
    show_cart,
    show_order,
)
from django_stripe_cart.web.return_urls import return_urls
from django_stripe_cart.web.shopper import Shopper

ORDERS_PER_PAGE = 10


@shop_view
@require_GET
def orders(request: HttpRequest) -> HttpResponse:
    rows = Shopper.of(request).orders.newest_first().prefetch_related("items")
    page = Page.of(rows, request.GET.get("page"), size=ORDERS_PER_PAGE)
    sign_in = "" if request.user.is_authenticated else redirect_to_login(request.path).url
    return show(request, "orders", {"page": page, "login_url": sign_in})


@shop_view
@require_GET
def order(request: HttpRequest, reference: UUID) -> HttpResponse:
    order = get_order(request, reference)
    if not was_just_looked_at(order):
        order = look_again(order)
    wait = Wait.read(request.GET.get("look", "")) if order.is_pending else None
    context = {
        "order": order,
        "is_own": Shopper.of(request).owns(order),
        "wait": wait,
        "will_email": will_email(order, OrderEmail.Kind.PAID),
    }
    return show(request, "order", context, "cart")


@shop_view
@require_GET
def receipt(request: HttpRequest, reference: UUID) -> HttpResponse:
    """To Stripe's own receipt. The webhook of a payment does not name it, so we may have to ask."""
    order = get_own_order(request, reference)  # it says more of a person than an address may show
    if order.has_receipt and not order.receipt_url:
        order = ask_again(order)
    if order.receipt_url:
        return send_to(request, order.receipt_url)
    say(request, messages.ERROR, _("There is no receipt for this order at the moment."))
    return send_to(request, order.get_absolute_url())


@shop_view
@require_POST
def order_pay(request: HttpRequest, reference: UUID) -> HttpResponse:
    order = get_own_order(request, reference)
    urls = return_urls(request, cancel=order.get_absolute_url())
    try:
        order = resume_payment(order, return_urls=urls, by=BY_SHOPPER)
    except (OrderError, PaymentError) as error:
        refuse(request, error)
        order = get_own_order(request, reference)
    else:
        if order.is_payable:
            return send_to(request, order.session_url)
        say_how_it_stands(request, order)
    return show_order(request, order)


@shop_view
@require_POST
def order_cancel(request: HttpRequest, reference: UUID) -> HttpResponse:
    order = get_own_order(request, reference)
    try:
        order = cancel_order(order, by=BY_SHOPPER)
    except PaymentError as error:
        refuse(request, error)
        order = get_own_order(request, reference)
    else:
        say_how_it_stands(request, order)
    return show_order(request, order)


@shop_view
@require_POST
def order_again(request: HttpRequest, reference: UUID) -> HttpResponse:
    order = get_own_order(request, reference)
    again = Shopper.of(request).change_cart(orders_again.order_again, order=order)
    for error in again.refused:
        say(request, messages.WARNING, str(error), code=error.slug)
    if again.added:
        said = ngettext(
            "%(count)d product is in your cart again. Subtotal: %(total)s",
            "%(count)d products are in your cart again. Subtotal: %(total)s",
            len(again.added),
        )
        words = {"count": len(again.added), "total": Shopper.of(request).contents.subtotal}
        say(request, messages.SUCCESS, said % words)
    return show_cart(request)
