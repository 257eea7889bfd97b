from django.db import models

from django_stripe_cart.line_items import LineItem
from django_stripe_cart.money import to_amount


class Course(models.Model):
    title = models.CharField(max_length=100)
    fee = models.DecimalField(max_digits=8, decimal_places=2)

    def __str__(self) -> str:
        return self.title

    def as_line_item(self) -> LineItem:
        return LineItem(name=self.title, unit_amount=to_amount(self.fee, "inr"), currency="inr")
