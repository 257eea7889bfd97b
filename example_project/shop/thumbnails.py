"""The products' pictures in the sizes of phones and carts, each made once."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

WIDTHS = (180, 360, 720)


@cache
def thumbnail(name: str, width: int) -> str:
    """Return the address of the picture ``name`` in ``width``, which is made if it is not there."""
    path = PurePosixPath(name)
    small = str(path.with_name(f"{path.stem}-{width}.webp"))
    if not default_storage.exists(small):
        default_storage.save(small, ContentFile(shrink(name, width)))
    return default_storage.url(small)


@cache
def width_of(name: str) -> int:
    with default_storage.open(name) as file, Image.open(file) as image:
        return image.width


def shrink(name: str, width: int) -> bytes:
    with default_storage.open(name) as file, Image.open(file) as image:
        height = round(image.height * width / image.width)
        small = image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
    result = BytesIO()
    small.save(result, "WEBP", quality=84, method=6)
    return result.getvalue()
