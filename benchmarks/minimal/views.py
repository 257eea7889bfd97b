"""The shop that one writes in an afternoon: no locks, no snapshot of prices, no second thought."""

import stripe
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import F, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from benchmarks import stub
from benchmarks.minimal.models import Cart, CartItem, Order, OrderItem, Product

client = stripe.StripeClient(stub.KEY, http_client=stub.sdk_client())


def storefront(request):
    held = CartItem.objects.filter(cart__user=request.user).aggregate(held=Sum("quantity"))["held"]
    products = Product.objects.filter(is_active=True).order_by("name")[:12]
    return render(request, "minimal/storefront.html", {"products": products, "held": held or 0})


@login_required
@require_POST
def add(request):
    product = get_object_or_404(Product, pk=request.POST["product"], is_active=True)
    cart, _made = Cart.objects.get_or_create(user=request.user)
    item, made = CartItem.objects.get_or_create(cart=cart, product=product)
    if not made:
        item.quantity += 1
        item.save()
    messages.success(request, f"{product.name} is in your cart.")
    return redirect("cart")


@login_required
def cart(request):
    items = list(CartItem.objects.filter(cart__user=request.user).select_related("product"))
    total = sum(item.total for item in items)
    return render(request, "minimal/cart.html", {"items": items, "total": total})


def place(user):
    items = list(CartItem.objects.filter(cart__user=user).select_related("product"))
    order = Order.objects.create(user=user, total=sum(item.total for item in items))
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order, name=item.product.name, price=item.product.price, quantity=item.quantity
        )
        for item in items
    )
    for item in items:
        if item.product.stock is not None:
            Product.objects.filter(pk=item.product_id).update(stock=F("stock") - item.quantity)
    return order, items


@login_required
@require_POST
def checkout(request):
    order, items = place(request.user)
    session = client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [
                {
                    "quantity": item.quantity,
                    "price_data": {
                        "currency": "usd",
                        "unit_amount": int(item.product.price * 100),
                        "product_data": {"name": item.product.name},
                    },
                }
                for item in items
            ],
            "success_url": request.build_absolute_uri(f"/orders/{order.reference}/"),
            "cancel_url": request.build_absolute_uri("/cart/"),
            "client_reference_id": str(order.reference),
        }
    )
    order.session_id = session.id
    order.save()
    return redirect(session.url)


@csrf_exempt
@require_POST
def webhook(request):
    event = stripe.Webhook.construct_event(
        request.body, request.headers["Stripe-Signature"], stub.SECRET
    )
    if event.type == "checkout.session.completed":
        order = Order.objects.get(reference=event.data.object.client_reference_id)
        if order.status != "paid":
            order.status = "paid"
            order.save()
            CartItem.objects.filter(cart__user=order.user_id).delete()
    return HttpResponse()


@login_required
def orders(request):
    rows = Order.objects.filter(user=request.user).order_by("-placed_at").prefetch_related("items")
    page = Paginator(rows, 10).get_page(request.GET.get("page"))
    return render(request, "minimal/orders.html", {"page": page})


@login_required
def order(request, reference):
    order = get_object_or_404(
        Order.objects.prefetch_related("items"), reference=reference, user=request.user
    )
    return render(request, "minimal/order.html", {"order": order})
