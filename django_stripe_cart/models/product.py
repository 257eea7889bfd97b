"""Product models.

A project uses ``Product``, a subclass of ``AbstractProduct``, or a model of its own.
"""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar, cast

from django.apps import apps
from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from model_utils.models import TimeStampedModel

from django_stripe_cart.conf import conf
from django_stripe_cart.exceptions import ProductUnavailable
from django_stripe_cart.line_items import LineItem
from django_stripe_cart.money import to_amount

P = TypeVar("P", bound="AbstractProduct")

logger = logging.getLogger("stripe_cart")


class ProductQuerySet(models.QuerySet[P]):
    """Queryset of products."""

    def active(self) -> Self:
        """Return the products that are for sale."""
        return self.filter(is_active=True)


class AbstractProduct(TimeStampedModel):
    """Abstract model for a product. The app only needs its ``as_line_item()``.

    ``stock_field`` is the name of the field with the number of pieces in stock.
    """

    stock_field: ClassVar[str | None] = "stock"

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    image = models.ImageField(_("image"), upload_to="products/", blank=True)
    price = models.DecimalField(
        _("price"), max_digits=14, decimal_places=3, validators=[MinValueValidator(Decimal(0))]
    )
    stock = models.PositiveIntegerField(
        _("stock"), null=True, blank=True, help_text=_("Leave empty if stock is not tracked.")
    )
    is_active = models.BooleanField(_("for sale"), default=True)

    objects = ProductQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("name", "pk")
        verbose_name = _("product")
        verbose_name_plural = _("products")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(price__gte=0), name="%(app_label)s_%(class)s_price_not_negative"
            ),
            models.CheckConstraint(
                condition=models.Q(stock__gte=0) | models.Q(stock__isnull=True),
                name="%(app_label)s_%(class)s_stock_not_negative",
            ),
        )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Remove the inherited constraints from a subclass that uses multi-table inheritance.

        Django would create them on the subclass's own table, which lacks ``price`` and ``stock``.
        """
        super().__init_subclass__(**kwargs)
        bases = [base for base in cls.__bases__ if issubclass(base, AbstractProduct)]
        if not all(base._meta.abstract for base in bases):
            cls.Meta = type("Meta", (), {})  # type: ignore[assignment, misc]

    def __str__(self) -> str:
        return self.name

    def as_line_item(self) -> LineItem:
        """Return a ``LineItem`` with the product's name and price, for one piece.

        Raises ``ProductUnavailable`` if the product is not for sale, and ``AmountNotRepresentable``
        if the price has more decimals than the currency.
        """
        if not self.is_active:
            raise ProductUnavailable
        currency = conf.currency
        return LineItem(
            name=self.name,
            # An instance that was not read from the database may have an int or a str.
            unit_amount=to_amount(Decimal(self.price), currency),
            currency=currency,
            sku=self.slug,
            image=self._image_url(),
        )

    def _image_url(self) -> str:
        """Return the URL of the image, or "" if there is none or its storage raises an error."""
        try:
            return str(self.image.url) if self.image else ""
        except Exception as error:
            logger.warning("The image of product %s: %s", self.pk, type(error).__name__)
            return ""


class Product(AbstractProduct):
    """Model for a product. ``STRIPE_CART_PRODUCT_MODEL`` can replace it with another model."""

    class Meta(AbstractProduct.Meta):
        swappable = "STRIPE_CART_PRODUCT_MODEL"
        # With this index, the first page of a large catalog is read without sorting.
        indexes = (models.Index(fields=("name",), name="stripe_cart_product_by_name"),)


def get_product_model() -> type[models.Model]:
    """Return the product model that ``STRIPE_CART_PRODUCT_MODEL`` names."""
    return cast("type[models.Model]", apps.get_model(conf.product_model, require_ready=False))
