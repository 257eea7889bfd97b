"""Views of the cart and the checkout."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urldefrag, urlencode, urljoin
from uuid import UUID

from django.contrib.messages import constants as messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from django_stripe_cart.cart.contents import CartLine, line_for
from django_stripe_cart.checkout import begin_checkout
from django_stripe_cart.exceptions import CartChanged, CartError, OrderError, PaymentError, ShopBusy
from django_stripe_cart.timeline import BY_SHOPPER
from django_stripe_cart.web.decorators import shop_view
from django_stripe_cart.web.forms import AddForm, ProductForm, QuantityForm
from django_stripe_cart.web.messages import add_error, add_message, add_status_message
from django_stripe_cart.web.order_refresh import FIRST_REFRESH, sync_if_unsettled
from django_stripe_cart.web.requests import form_data, next_url
from django_stripe_cart.web.responses import cart_response, redirect_to, render_page
from django_stripe_cart.web.return_urls import return_urls
from django_stripe_cart.web.shopper import Shopper


@shop_view
@require_GET
def cart(request: HttpRequest) -> HttpResponse:
    """Show the cart."""
    return render_page(request, "cart", {"removed_line": _removed_line(request)})


@shop_view
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Add a product to the cart."""
    form = AddForm(form_data(request))
    line = _change_line(request, form, to=lambda held: held + form.cleaned_data["quantity"])
    if line is not None:
        text = _("“%(name)s” is in your cart. Subtotal: %(total)s")
        values = {"name": line.name, "total": Shopper.of(request).contents.subtotal}
        add_message(request, messages.SUCCESS, text % values)
    return cart_response(request)


@shop_view
@require_POST
def set_quantity(request: HttpRequest) -> HttpResponse:
    """Set the quantity of a product in the cart; zero removes the product."""
    form = QuantityForm(form_data(request))
    line = _change_line(request, form, to=lambda held: form.cleaned_data["quantity"])
    return cart_response(request, removed_line=None if form.cleaned_data.get("quantity") else line)


@shop_view
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Remove a product from the cart."""
    form = ProductForm(form_data(request))
    if not form.is_valid():  # the product was deleted, and with it the line
        return cart_response(request)
    return cart_response(request, removed_line=_change_line(request, form, to=lambda held: 0))


@shop_view
@require_http_methods(["GET", "POST"])
def checkout(request: HttpRequest) -> HttpResponse:
    """Place an order for the contents of the cart, and redirect to Stripe's payment page."""
    if request.method == "GET":  # reloaded, or a bookmark: a GET must not place an order
        return redirect_to(request, reverse("stripe_cart:cart"))
    query = urlencode({"next": next_url(request)})
    canceled_url = reverse("stripe_cart:checkout_canceled") + "?" + query
    try:
        order = begin_checkout(
            Shopper.of(request).cart_key,
            fingerprint=str(form_data(request).get("fingerprint", "")),
            return_urls=return_urls(request, cancel=canceled_url),
            email=Shopper.of(request).email,
            by=BY_SHOPPER,
        )
    except CartChanged as error:
        for text in [str(error), *error.changes]:
            add_message(request, messages.WARNING, text, code=error.code)
    except (CartError, OrderError, PaymentError) as error:
        add_error(request, error)
    else:
        if order.is_payable:
            return redirect_to(request, order.session_url)
        add_status_message(request, order)
        return redirect_to(request, order.get_absolute_url())
    Shopper.of(request).invalidate_contents()
    return cart_response(request)


@shop_view
@require_GET
def checkout_return(request: HttpRequest, reference: UUID) -> HttpResponse:
    """Receive the shopper from Stripe after a payment, and show the order's status.

    The request does not prove that the order is paid, so the order is synced with Stripe.
    """
    shopper = Shopper.of(request)
    order = shopper.get_order(reference)
    # A stranger with the URL of a guest's order can open it, but causes few requests to Stripe.
    order = sync_if_unsettled(order, at_once=shopper.owns(order))
    if order.is_pending:  # no answer, or not confirmed yet: the order page asks again
        return redirect_to(request, order.get_absolute_url() + FIRST_REFRESH)
    add_status_message(request, order)
    return redirect_to(request, order.get_absolute_url())


@shop_view
@require_GET
def checkout_canceled(request: HttpRequest) -> HttpResponse:
    """Receive the shopper who left Stripe's payment page without paying.

    The request does not prove that the payment was canceled, so the order is not changed.
    """
    url = urldefrag(urljoin("/", next_url(request))).url
    if not Shopper.of(request).contents:
        return redirect_to(request, url)
    add_message(request, messages.INFO, _("No payment was made. Your cart has not changed."))
    return redirect_to(request, url if url == reverse("stripe_cart:cart") else url + "#cart")


def _change_line(request: HttpRequest, form: Form, *, to: Callable[[int], int]) -> CartLine | None:
    """Change the quantity of the form's product in the cart, and return the product's line.

    ``to`` is a function that takes the current quantity and returns the new quantity. If there is
    an error, the shopper gets a message, and None is returned.
    """
    if not form.is_valid():
        text = str(next(iter(form.errors.values()))[0])
        add_message(request, messages.ERROR, text, code="invalid")
        return None
    try:
        return Shopper.of(request).change_line(
            form.cleaned_data["product"],
            to=to,
            quantity_before=form.cleaned_data.get("quantity_before"),
        )
    except (CartError, ShopBusy) as error:
        add_error(request, error)
        return None


def _removed_line(request: HttpRequest) -> CartLine | None:
    """Return the cart line of the product that was just removed without JavaScript, or None.

    The URL parameter ``removed`` names the product. None is returned if there is no such parameter,
    if the product does not exist any more, or if the product is in the cart again.
    """
    if "removed" not in request.GET:
        return None
    form = AddForm({**request.GET.dict(), "product": request.GET["removed"]})
    product = form.find_product() if form.is_valid() else None
    if product is None or Shopper.of(request).has_in_cart(product):
        return None
    line = line_for(product, form.cleaned_data["quantity"])
    return line if line.item else None
