"""The views that a host of django-cart writes, after its README."""

from types import SimpleNamespace

from cart.cart import Cart
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from benchmarks.minimal.models import Product


@login_required
@require_POST
def add(request):
    product = get_object_or_404(Product, pk=request.POST["product"], is_active=True)
    Cart(request).add(product, unit_price=product.price, quantity=1)
    messages.success(request, f"{product.name} is in your cart.")
    return redirect("cart")


@login_required
def cart(request):
    held = Cart(request)
    items = [
        SimpleNamespace(product=item.product, quantity=item.quantity, total=item.total_price)
        for item in held.items_with_products()
    ]
    return render(request, "minimal/cart.html", {"items": items, "total": held.summary()})
