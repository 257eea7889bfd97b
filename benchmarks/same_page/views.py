"""The minimal shop's views; those whose pages show more than the minimal ones tell them more."""

from django.contrib.auth.decorators import login_required
from django.shortcuts import render

from benchmarks.minimal.models import CartItem, Product
from benchmarks.minimal.views import order, orders  # noqa: F401


def storefront(request):
    products = Product.objects.filter(is_active=True).order_by("name")[:12]
    context = {"products": products, **contents(request.user)}
    return render(request, "minimal/storefront.html", context)


@login_required
def cart(request):
    return render(request, "minimal/cart.html", contents(request.user))


def contents(user):
    items = list(CartItem.objects.filter(cart__user=user).select_related("product"))
    return {
        "items": items,
        "quantity": sum(item.quantity for item in items),
        "total": sum(item.total for item in items),
    }
