"""Views of the cart and the checkout: each reads its form, calls one verb, and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urldefrag, urljoin
from uuid import UUID

from django.contrib.messages import constants as messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from django_stripe_cart.cart import changes as carts
from django_stripe_cart.cart.contents import CartLine, offer
from django_stripe_cart.checkout import begin_checkout
from django_stripe_cart.exceptions import (
    CartChanged,
    CartError,
    OrderError,
    PaymentError,
)
from django_stripe_cart.timeline import BY_SHOPPER
from django_stripe_cart.web.decorators import shop_view
from django_stripe_cart.web.forms import AddForm, ProductForm, QuantityForm
from django_stripe_cart.web.order_access import get_order
from django_stripe_cart.web.order_refresh import look_again
from django_stripe_cart.web.responses import (
    next_url,
    posted,
    refuse,
    say,
    say_how_it_stands,
    send_to,
    show,
    show_cart,
)
from django_stripe_cart.web.return_urls import canceled_url, return_urls
from django_stripe_cart.web.shopper import Shopper


@shop_view
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    return show(request, "cart", {"removed": _find_removed(request)})


@shop_view
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    line = _change_cart(request, AddForm(posted(request)), carts.add)
    if line is not None:
        said = _("“%(name)s” is in your cart. Subtotal: %(total)s")
        say(
            request,
            messages.SUCCESS,
            said % {"name": line.name, "total": Shopper.of(request).contents.subtotal},
        )
    return show_cart(request)


@shop_view
@require_POST
def item(request: HttpRequest) -> HttpResponse:
    form = QuantityForm(posted(request))
    line = _change_cart(request, form, carts.have)
    return show_cart(request, removed=None if form.cleaned_data.get("quantity") else line)


@shop_view
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    form = ProductForm(posted(request))
    if not form.is_valid():  # a product that is gone from the shop is gone from the cart too
        return show_cart(request)
    return show_cart(request, removed=_change_cart(request, form, carts.remove))


@shop_view
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    if request.method == "GET":  # reloaded, or kept as a bookmark: nothing begins by itself
        return send_to(request, reverse("stripe_cart:cart"))
    try:
        order = begin_checkout(
            Shopper.of(request).name_cart(),
            fingerprint=str(posted(request).get("fingerprint", "")),
            return_urls=return_urls(request, cancel=canceled_url(request)),
            email=getattr(Shopper.of(request).user, "email", ""),
            by=BY_SHOPPER,
        )
    except CartChanged as error:
        for sentence in [str(error), *error.changes]:
            say(request, messages.WARNING, sentence, code=error.slug)
    except (CartError, OrderError, PaymentError) as error:
        refuse(request, error)
    else:
        if order.is_payable:
            return send_to(request, order.session_url)
        say_how_it_stands(request, order)
        return send_to(request, order.get_absolute_url())
    Shopper.of(request).forget_contents()
    return show_cart(request)


@shop_view
@require_GET
def checkout_return(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Back from Stripe. What the browser says proves nothing, so the order is looked up there."""
    order = look_again(get_order(request, reference))
    if order.is_pending:  # Stripe could not be asked, or does not know yet: the page looks again
        return send_to(request, order.get_absolute_url() + "?look=0")
    say_how_it_stands(request, order)
    return send_to(request, order.get_absolute_url())


@shop_view
@require_GET
def checkout_canceled(request: HttpRequest) -> HttpResponse:
    """Back from Stripe by its own way back. Which proves nothing either, and changes nothing."""
    url = urldefrag(urljoin("/", next_url(request))).url
    if not Shopper.of(request).contents:
        return send_to(request, url)
    say(request, messages.INFO, _("You came back without paying. Your cart is as you left it."))
    return send_to(request, url if url == reverse("stripe_cart:cart") else url + "#cart")


def _change_cart(
    request: HttpRequest, form: Form, verb: Callable[..., carts.Changed[Any]]
) -> CartLine | None:
    """Do to the cart what ``form`` says; what stands in the way is said, and changes nothing."""
    if not form.is_valid():
        text = str(next(iter(form.errors.values()))[0])
        say(request, messages.ERROR, text, code="invalid")
        return None
    try:
        return Shopper.of(request).change_line(verb, **form.cleaned_data)
    except CartError as error:
        refuse(request, error)
        return None


def _find_removed(request: HttpRequest) -> CartLine | None:
    """The line that was just removed without script, if the address names one."""
    if "removed" not in request.GET:
        return None
    form = AddForm({**request.GET.dict(), "product": request.GET["removed"]})
    if not form.is_valid():
        return None
    product = form.find_product()
    if product is None:
        return None
    if product in [line.product for line in Shopper.of(request).contents.lines]:
        return None
    line = offer(product, form.cleaned_data["quantity"])
    return line if line.item else None
