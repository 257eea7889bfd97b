"""The checkout that a host of django-payments writes, after its documentation."""

from django.contrib.auth.decorators import login_required
from django.dispatch import receiver
from django.shortcuts import redirect
from django.views.decorators.http import require_POST
from payments import PaymentStatus, RedirectNeeded
from payments.signals import status_changed

from benchmarks.minimal.models import CartItem
from benchmarks.minimal.views import place
from benchmarks.payment.models import Payment


@login_required
@require_POST
def checkout(request):
    order, _items = place(request.user)
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
