"""What the example shop sells, in rupees."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_noop as _


@dataclass(frozen=True)
class Item:
    slug: str
    name: str
    description: str
    price: str
    stock: int | None  # None: made to order, and not counted


CATALOG = (
    Item(
        "monsoon-mug",
        "Monsoon Mug",
        _("Speckled stoneware, thrown by hand and dipped in a rain-blue glaze. Holds 350 ml."),
        "849.00",
        36,
    ),
    Item(
        "field-notebook",
        "Field Notebook",
        _("192 dotted pages that lie flat, bound in terracotta linen. Made to order."),
        "449.00",
        None,
    ),
    Item(
        "dusk-lamp",
        "Dusk Lamp",
        _("Opal glass on spun brass, with a dimmer that ends where the evening begins."),
        "5490.00",
        9,
    ),
    Item(
        "sunrise-tote",
        "Sunrise Tote",
        _("Heavy unbleached canvas, block-printed in two colors. Carries fourteen kilos."),
        "1199.00",
        24,
    ),
    Item(
        "reading-chair",
        "Reading Chair",
        _("A deep seat in bottle-green wool on a frame of seasoned ash. The last pair."),
        "28900.00",
        2,
    ),
    Item(
        "meridian-watch",
        "Meridian Watch",
        _("A 38 mm hand-wound watch with small seconds, on vegetable-tanned leather."),
        "16750.00",
        0,
    ),
    Item(
        "studio-headphones",
        "Studio Headphones",
        _("Closed and calm, with lambskin pads and a cable that can be replaced."),
        "9499.00",
        12,
    ),
    Item(
        "terrazzo-planter",
        "Terrazzo Planter",
        _("Cast from marble offcuts, no two alike. It comes with a young rubber plant."),
        "1649.50",
        18,
    ),
)
