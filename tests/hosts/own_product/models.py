import uuid

from django.db import models

from django_stripe_cart.line_items import LineItem


class Print(models.Model):
    stock_field = "copies"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=100)
    cents = models.PositiveIntegerField()
    copies = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.title

    def as_line_item(self) -> LineItem:
        return LineItem(name=self.title, unit_amount=self.cents, currency="inr")
