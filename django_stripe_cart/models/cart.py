"""Carts and their items: one cart for each user, and one for each guest's token."""

from __future__ import annotations

from dataclasses import dataclass
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


def CASCADE_WITHOUT_NULLING(  # as Django names the values of on_delete
    collector: Collector, field: Any, sub_objs: Any, using: str
) -> None:
    """CASCADE for a nullable foreign key that a constraint keeps from becoming null.

    MySQL can't defer constraint checks, so Django's CASCADE sets the key to null first there. A
    cart with neither user nor token violates its constraint: no user with a cart could be deleted.
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
        on_delete=CASCADE_WITHOUT_NULLING,
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

    @property
    def key(self) -> CartKey:
        return CartKey(user_id=self.user_id, token=self.token, pk=self.pk)


@dataclass(frozen=True, slots=True)
class CartKey:
    """Identifies a cart that need not have been read: by primary key, else by user or token."""

    user_id: Any = None
    token: str | None = None
    pk: int | None = None

    @classmethod
    def of(cls, cart: Cart | CartKey) -> CartKey:
        return cart.key if isinstance(cart, Cart) else cart

    def lookup(self, prefix: str = "") -> dict[str, Any]:
        """Return the lookup that finds the cart; ``prefix`` leads to it from another model."""
        if self.pk is not None:
            return {f"{prefix}pk": self.pk}
        if self.user_id is not None:
            return {f"{prefix}user": self.user_id}
        return {f"{prefix}token": self.token}


class CartItemQuerySet(PrimaryDatabaseQuerySet["CartItem"]):
    def in_cart(self, key: CartKey) -> Self:
        return self.filter(**key.lookup("cart__"))

    def with_products(self) -> Self:
        """Fetch all that showing or ordering the cart needs, in one query.

        ``held`` is the stock that the cart's own open order has taken: this shopper may still buy
        it.
        """
        taken = apps.get_model("stripe_cart", "OrderItem")._base_manager.filter(
            order__open_cart=OuterRef("cart"), product=OuterRef("product")
        )
        held = Subquery(taken.values("stock_taken")[:1])
        return self.select_related("product").annotate(held=held)


@cache
def _items_with_products() -> CartItemQuerySet:
    """Built once: building it takes longer than reading a cart."""
    return CartItem.objects.with_products()


def read_items(key: CartKey) -> list[CartItem]:
    """Read the items of a cart ``with_products``."""
    return list(_items_with_products().in_cart(key))


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
