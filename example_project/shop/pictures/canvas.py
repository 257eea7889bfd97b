"""A small vector canvas over Pillow: shapes, gradients, soft shadows; its paper is 960 by 720."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from itertools import pairwise

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

WIDTH, HEIGHT = 960, 720
SCALE = 3  # drawn this much larger, then reduced: Pillow draws hard edges
SOFT = 4  # blurs are drawn this much smaller instead: they have no edges to lose

Point = tuple[float, float]
Color = tuple[int, int, int]
Mask = Image.Image


def color(value: str) -> Color:
    red, green, blue = ImageColor.getrgb(value)[:3]
    return red, green, blue


def mix(start: Color, end: Color, share: float) -> Color:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def strip(colors: Sequence[str], length: int = 256) -> Image.Image:
    """Return a one pixel wide image that runs through the colors from top to bottom."""
    stops = [color(value) for value in colors]
    image = Image.new("RGB", (1, length))
    for y in range(length):
        place = y / (length - 1) * (len(stops) - 1)
        index = min(int(place), len(stops) - 2)
        image.putpixel((0, y), mix(stops[index], stops[index + 1], place - index))
    return image


def subpaths(path: str, *, steps: int = 64) -> list[list[Point]]:
    """Turn an SVG path of absolute M, L, Q and C commands into lists of points, one for each M."""
    found: list[list[Point]] = []
    for command, text in re.findall(r"([MLQC])([^MLQC]*)", path):
        numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", text)]
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        if command == "M":
            found.append(pairs)
        elif command == "L":
            found[-1] += pairs
        else:
            size = {"Q": 2, "C": 3}[command]
            for start in range(0, len(pairs), size):
                found[-1] += curve([found[-1][-1], *pairs[start : start + size]], steps)
    return found


def curve(controls: list[Point], steps: int) -> Iterator[Point]:
    """Yield points of a Bézier curve of any degree, by de Casteljau's construction."""
    for step in range(1, steps + 1):
        share = step / steps
        points = controls
        while len(points) > 1:
            points = [
                (a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share)
                for a, b in pairwise(points)
            ]
        yield points[0]


class Shapes:
    """Masks of one resolution: white where the shape is."""

    def __init__(self, scale: float, shift: float = 0) -> None:
        self.scale = scale
        self.shift = shift
        self.size = (round(WIDTH * scale), round(HEIGHT * scale))

    def empty(self) -> Mask:
        return Image.new("L", self.size)

    def points(self, points: Sequence[Point]) -> list[Point]:
        return [((x + self.shift) * self.scale, y * self.scale) for x, y in points]

    def ellipse(self, x: float, y: float, rx: float, ry: float) -> Mask:
        mask = self.empty()
        ImageDraw.Draw(mask).ellipse(self.points([(x - rx, y - ry), (x + rx, y + ry)]), fill=255)
        return mask

    def box(self, left: float, top: float, right: float, bottom: float, radius: float = 0) -> Mask:
        mask = self.empty()
        ImageDraw.Draw(mask).rounded_rectangle(
            self.points([(left, top), (right, bottom)]), radius * self.scale, fill=255
        )
        return mask

    def path(self, path: str) -> Mask:
        mask = self.empty()
        for points in subpaths(path):
            ImageDraw.Draw(mask).polygon(self.points(points), fill=255)
        return mask

    def line(self, path: str, width: float) -> Mask:
        """Return strokes with round ends and joints."""
        mask = self.empty()
        draw = ImageDraw.Draw(mask)
        radius = width * self.scale / 2
        for points in map(self.points, subpaths(path)):
            draw.line(points, fill=255, width=round(radius * 2))
            for x, y in points:
                draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=255)
        return mask


class Canvas(Shapes):
    """A picture: a quiet backdrop, and what is painted on it."""

    def __init__(
        self, *backdrop: str, floor: Sequence[str] = (), horizon: float = HEIGHT, shift: float = 0
    ) -> None:
        super().__init__(SCALE, shift)
        self.soft = Shapes(1 / SOFT, shift)
        self.image = strip(backdrop).resize(self.size, Image.Resampling.BILINEAR)
        if floor:
            self.paint(self.box(0, horizon, WIDTH, HEIGHT), *floor)

    def paint(
        self,
        mask: Mask,
        *colors: str,
        across: bool = False,
        opacity: float = 1,
        within: Mask | None = None,
    ) -> None:
        """Fill a shape with a color or a gradient, top to bottom or (``across``) left to right."""
        if within is not None:
            mask = ImageChops.multiply(mask, within)
        bounds = mask.getbbox()
        if bounds is None:
            return
        left, top, right, bottom = bounds
        ramp = strip(colors if len(colors) > 1 else colors * 2)
        if across:
            ramp = ramp.transpose(Image.Transpose.ROTATE_90)
        ramp = ramp.resize((right - left, bottom - top), Image.Resampling.BILINEAR)
        faded = mask.crop(bounds).point(lambda value: round(value * opacity))
        self.image.paste(ramp, (left, top), faded)

    def haze(
        self, mask: Mask, tint: str, *, blur: float, opacity: float, within: Mask | None = None
    ) -> None:
        """Lay a blurred shape, drawn with ``self.soft``: a shadow if dark, a glow if light."""
        blurred = mask.filter(ImageFilter.GaussianBlur(blur / SOFT))
        whole = blurred.resize(self.size, Image.Resampling.BICUBIC)
        self.paint(whole, tint, opacity=opacity, within=within)

    def webp(self) -> bytes:
        file = BytesIO()
        self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS).save(
            file, "WEBP", quality=88, method=6
        )
        return file.getvalue()
