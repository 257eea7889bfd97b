"""What a shop sells: ``Product``, a host's model on ``AbstractProduct``, or one of its own."""

from __future__ import annotations

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


class ProductQuerySet(models.QuerySet[P]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class AbstractProduct(TimeStampedModel):
    """A ready-made product. The only thing that the shop asks of it is ``as_line_item()``."""

    stock_field: ClassVar[str | None] = "stock"

    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=200, unique=True)
    description = models.TextField(_("description"), blank=True)
    image = models.ImageField(_("image"), upload_to="products/", blank=True)
    price = models.DecimalField(
        _("price"), max_digits=14, decimal_places=3, validators=[MinValueValidator(Decimal(0))]
    )
    stock = models.PositiveIntegerField(
        _("stock"), null=True, blank=True, help_text=_("Leave empty if it is not counted.")
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
        """A child by multi-table inheritance has a table of its own, without the columns above.

        Django hands it the constraints all the same, and databases refuse them.
        """
        super().__init_subclass__(**kwargs)
        bases = [base for base in cls.__bases__ if issubclass(base, AbstractProduct)]
        if not all(base._meta.abstract for base in bases):
            cls.Meta = type("Meta", (), {})  # type: ignore[assignment, misc]

    def __str__(self) -> str:
        return self.name

    def as_line_item(self) -> LineItem:
        """Return what is for sale, and for how much.

        Raises ``ProductUnavailable`` if it is not for sale, and ``AmountNotRepresentable`` if the
        currency can't express the price.
        """
        if not self.is_active:
            raise ProductUnavailable
        currency = conf.currency
        return LineItem(
            name=self.name,
            # One that was not read from the database may hold an int or a text.
            unit_amount=to_amount(Decimal(self.price), currency),
            currency=currency,
            sku=self.slug,
            image=self.image.url if self.image else "",
        )


class Product(AbstractProduct):
    """The product that comes with the shop; swappable by ``STRIPE_CART_PRODUCT_MODEL``."""

    class Meta(AbstractProduct.Meta):
        swappable = "STRIPE_CART_PRODUCT_MODEL"
        # The first page of a large catalog is read in this order, and not sorted.
        indexes = (models.Index(fields=("name",), name="stripe_cart_product_by_name"),)


def get_product_model() -> type[models.Model]:
    """Return the model that this site sells."""
    return cast("type[models.Model]", apps.get_model(conf.product_model, require_ready=False))
