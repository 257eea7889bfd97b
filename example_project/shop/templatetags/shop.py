"""Pictures in the size that a screen has room for."""

from __future__ import annotations

from django import template
from django.conf import settings
from django.db.models.fields.files import ImageFieldFile

from shop.thumbnails import WIDTHS, thumbnail, width_of

register = template.Library()


@register.filter
def srcset(image: ImageFieldFile) -> str:
    """All sizes of a product's picture, for the browser to choose from."""
    name = str(image.name)
    sizes = {width: thumbnail(name, width) for width in WIDTHS} | {width_of(name): image.url}
    return ", ".join(f"{url} {width}w" for width, url in sizes.items())


@register.filter
def small(url: str) -> str:
    """The size of a picture that is in the storefront too, and so is there already."""
    name = url.removeprefix(settings.MEDIA_URL)
    return thumbnail(name, WIDTHS[0]) if name != url else url
