"""The products' pictures, drawn: the light comes from the upper left, the colors are quiet."""

from collections.abc import Callable

from shop.pictures import chair, headphones, lamp, mug, notebook, planter, tote, watch
from shop.pictures.canvas import Canvas

DRAWINGS: dict[str, Callable[[], Canvas]] = {
    "monsoon-mug": mug.draw,
    "field-notebook": notebook.draw,
    "dusk-lamp": lamp.draw,
    "sunrise-tote": tote.draw,
    "reading-chair": chair.draw,
    "meridian-watch": watch.draw,
    "studio-headphones": headphones.draw,
    "terrazzo-planter": planter.draw,
}
