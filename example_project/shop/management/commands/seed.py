"""Fill an empty shop. What is there already is left as it is, sold stock and all."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand

from django_stripe_cart.models import Product
from shop import accounts
from shop.accounts import Account
from shop.catalog import CATALOG, Item
from shop.pictures import DRAWINGS
from shop.thumbnails import WIDTHS, thumbnail


class Command(BaseCommand):
    help = "Creates the demo's products, draws their pictures, and, with DEBUG, its accounts."

    def handle(self, **options: Any) -> None:
        for item in CATALOG:
            self.add_product(item)
        for account in accounts.DEMO if settings.DEBUG else ():
            self.add_account(account)

    def add_product(self, item: Item) -> None:
        product, _ = Product.objects.get_or_create(
            slug=item.slug,
            defaults={
                "name": item.name,
                "description": item.description,
                "price": item.price,
                "stock": item.stock,
            },
        )
        if not (product.image.name and product.image.storage.exists(product.image.name)):
            self.stdout.write(f"Drawing the {item.name} …")
            picture = ContentFile(DRAWINGS[item.slug]().webp())
            product.image.save(f"{item.slug}.webp", picture, save=False)
            product.save(update_fields=["image"])
        for width in WIDTHS:
            thumbnail(str(product.image.name), width)

    def add_account(self, account: Account) -> None:
        users = get_user_model()
        if users.objects.filter(username=account.username).exists():
            return
        create = users.objects.create_superuser if account.is_staff else users.objects.create_user
        create(account.username, f"{account.username}@limited.example", account.password)
