"""The payment that a host of django-payments adds to its shop, here to the minimal one."""

from django.db import models
from payments import PurchasedItem
from payments.models import BasePayment

from benchmarks.minimal.models import Order


class Payment(BasePayment):
    order = models.ForeignKey(Order, models.CASCADE)

    def get_purchased_items(self):
        for item in self.order.items.all():
            yield PurchasedItem(item.name, item.quantity, item.price, self.currency, item.name)

    def get_success_url(self):
        return f"http://testserver/orders/{self.order.reference}/"

    def get_failure_url(self):
        return "http://testserver/cart/"
