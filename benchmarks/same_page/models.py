# ruff: noqa: DJ008 - nobody reads these rows
"""What the page of an order tells, and the minimal shop doesn't keep."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from benchmarks.minimal.models import Order


class Event(models.Model):
    class Kind(models.TextChoices):
        PLACED = "placed", _("Order placed")
        PAID = "paid", _("Payment received")

    order = models.ForeignKey(Order, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    created = models.DateTimeField(auto_now_add=True)
