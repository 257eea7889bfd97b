"""What somebody means to buy: one cart for each user, or for each guest's token."""

from __future__ import annotations

from functools import cache
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.deletion import Collector
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from django_stripe_cart.conf import conf
from django_stripe_cart.models.querysets import PrimaryDatabaseQuerySet
from django_stripe_cart.prepared import Given, Prepared


def delete_too(collector: Collector, field: Any, sub_objs: Any, using: str) -> None:
    """CASCADE for a nullable key that is not to become null on the way.

    MySQL can't defer its checks, so Django's own sets the key to null first there: a cart of
    nobody, which the table refuses, and no user with a cart could ever be deleted.
    """
    collector.collect(
        sub_objs,
        source=field.remote_field.model,
        source_attr=field.name,
        fail_on_restricted=False,
    )


class Cart(TimeStampedModel):
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=delete_too,
        null=True,
        blank=True,
        related_name="stripe_cart",
        verbose_name=_("user"),
    )
    token = models.CharField(max_length=64, null=True, blank=True, unique=True)
    version = models.PositiveBigIntegerField(default=0, editable=False)

    objects = PrimaryDatabaseQuerySet["Cart"].as_manager()

    class Meta:
        verbose_name = _("cart")
        verbose_name_plural = _("carts")
        constraints = (
            models.CheckConstraint(
                condition=Q(user__isnull=False, token__isnull=True)
                | Q(user__isnull=True, token__isnull=False),
                name="stripe_cart_cart_user_or_token",
            ),
        )

    def __str__(self) -> str:
        return f"Cart {self.pk}"

    def whose(self, path: str = "") -> dict[str, Any]:
        """What finds it: its key, or whose it is, for one that was not read before its lock."""
        if not self._state.adding:
            return {f"{path}pk": self.pk}
        if self.user_id is not None:
            return {f"{path}user": self.user_id}
        return {f"{path}token": self.token}


def read_items(cart: Cart) -> list[CartItem]:
    """The lines of a cart ``with_products``, by a query that is compiled once."""
    return _items_of(*cart.whose()).read(cart.whose())


@cache
def _items_of(name: str) -> Prepared[CartItem]:
    return Prepared(CartItem.objects.filter(**{f"cart__{name}": Given(Cart, name)}).with_products())


class CartItemQuerySet(PrimaryDatabaseQuerySet["CartItem"]):
    def of_user(self, user: Any) -> Self:
        return self.filter(cart__user=user) if user.is_authenticated else self.none()

    def of_guest(self, token: str) -> Self:
        return self.filter(cart__token=token) if token else self.none()

    def with_products(self) -> Self:
        """All that showing or ordering the cart needs, in one query.

        ``held`` is what the cart's own open order has taken from the stock: to this shopper it is
        still there.
        """
        return self.select_related("product").annotate(held=_held())


@cache
def _held() -> Subquery:
    """Built once: every query resolves a copy of it, and building costs as much as reading does."""
    taken = apps.get_model("stripe_cart", "OrderItem")._base_manager.filter(
        order__open_cart=OuterRef("cart"), product=OuterRef("product")
    )
    return Subquery(taken.values("stock_taken")[:1])


class CartItem(models.Model):
    cart = models.ForeignKey(Cart, on_delete=models.CASCADE, related_name="items")
    product = models.ForeignKey(
        conf.product_model, on_delete=models.CASCADE, related_name="+", verbose_name=_("product")
    )
    quantity = models.PositiveIntegerField(_("quantity"), validators=[MinValueValidator(1)])

    objects = CartItemQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = _("cart item")
        verbose_name_plural = _("cart items")
        constraints = (
            models.UniqueConstraint(
                fields=("cart", "product"), name="stripe_cart_cartitem_one_line_per_product"
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1), name="stripe_cart_cartitem_quantity_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity}x {self.product_id}"
