from django.db import models

from django_stripe_cart.models import AbstractProduct


class Ware(AbstractProduct):
    pass


class Book(Ware):
    pages = models.PositiveIntegerField()


class Poster(Ware):
    width = models.PositiveIntegerField()
