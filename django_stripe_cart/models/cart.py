"""Models of carts and their items."""

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
    """Delete the referring rows like CASCADE, without setting their foreign key to NULL first.

    On MySQL, which can't defer constraint checks, Django's CASCADE sets a nullable foreign key to
    NULL before it deletes the rows. But a cart must have a user or a token, so its constraint would
    prevent the deletion of a user with a cart.
    """
    collector.collect(
        sub_objs,
        source=field.remote_field.model,
        source_attr=field.name,
        fail_on_restricted=False,
    )


class Cart(TimeStampedModel):
    """Model for the cart of one user or of one guest. A guest is identified by ``token``."""

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
    """Key that finds a cart: by its primary key, its user's primary key or its guest's token.

    With a key, a cart can be locked and changed by a single UPDATE, before it is read.
    """

    user_id: Any = None
    token: str | None = None
    pk: int | None = None

    @classmethod
    def of(cls, cart: Cart | CartKey) -> CartKey:
        """Return the key of ``cart``. If ``cart`` is a key itself, return it."""
        return cart.key if isinstance(cart, Cart) else cart

    def lookup(self, prefix: str = "") -> dict[str, Any]:
        """Return the arguments of ``filter()`` that find the cart.

        With a ``prefix`` such as ``"cart__"``, they find rows of another model by their cart.
        """
        if self.pk is not None:
            return {f"{prefix}pk": self.pk}
        if self.user_id is not None:
            return {f"{prefix}user": self.user_id}
        return {f"{prefix}token": self.token}


class CartItemQuerySet(PrimaryDatabaseQuerySet["CartItem"]):
    """Queryset of cart items."""

    def in_cart(self, key: CartKey) -> Self:
        """Return the items of the cart with this key."""
        return self.filter(**key.lookup("cart__"))

    def with_products(self) -> Self:
        """Return the items with their products, annotated with ``held``. One query reads all.

        ``held`` (int or None) is the number of pieces that the cart's open order has taken from the
        product's stock.
        """
        taken = apps.get_model("stripe_cart", "OrderItem")._base_manager.filter(
            order__open_cart=OuterRef("cart"), product=OuterRef("product")
        )
        held = Subquery(taken.values("stock_taken")[:1])
        return self.select_related("product").annotate(held=held)


@cache
def _items_with_products() -> CartItemQuerySet:
    """Return the queryset of all items with their products.

    It is built only once, because building it takes longer than its query.
    """
    return CartItem.objects.with_products()


def read_items(key: CartKey) -> list[CartItem]:
    """Return the items of the cart with this key, read with their products by one query."""
    return list(_items_with_products().in_cart(key))


class CartItem(models.Model):
    """Model for the quantity of one product in a cart."""

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
