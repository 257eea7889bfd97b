"""The checkout that a host of django-payments writes, after its documentation."""

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.dispatch import receiver
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from payments import PaymentStatus, RedirectNeeded
from payments.signals import status_changed

from benchmarks.minimal.models import CartItem, Order, OrderItem, Product
from benchmarks.payment.models import Payment


@login_required
@require_POST
def checkout(request):
    items = list(CartItem.objects.filter(cart__user=request.user).select_related("product"))
    order = Order.objects.create(user=request.user, total=sum(item.total for item in items))
    OrderItem.objects.bulk_create(
        OrderItem(
            order=order, name=item.product.name, price=item.product.price, quantity=item.quantity
        )
        for item in items
    )
    for item in items:
        if item.product.stock is not None:
            Product.objects.filter(pk=item.product_id).update(stock=F("stock") - item.quantity)
    payment = Payment.objects.create(
        variant="stripe", order=order, currency="USD", total=order.total, description="Order"
    )
    try:
        payment.get_form()
    except RedirectNeeded as elsewhere:
        return redirect(str(elsewhere))


@receiver(status_changed)
def pay(instance, **kwargs):
    order = instance.order
    if instance.status == PaymentStatus.CONFIRMED and order.status != "paid":
        order.status = "paid"
        order.save()
        CartItem.objects.filter(cart__user=order.user_id).delete()
