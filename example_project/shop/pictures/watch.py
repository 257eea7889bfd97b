"""A watch on a leather strap, seen from above."""

from __future__ import annotations

from math import cos, pi, sin

from shop.pictures.canvas import Canvas

LEATHER = ("#4b2a1a", "#8a5433", "#6f4027", "#40220f")
INK = "#24303d"


def ray(angle: float, start: float, end: float, center: tuple[float, float] = (480, 360)) -> str:
    """Return a stroke away from the center, clockwise from twelve, as far as from start to end."""
    x, y = center
    return (
        f"M {x + start * sin(angle):.2f} {y - start * cos(angle):.2f}"
        f" L {x + end * sin(angle):.2f} {y - end * cos(angle):.2f}"
    )


def draw() -> Canvas:
    art = Canvas("#dde1e7", "#b9c1cc")
    art.haze(art.soft.box(408, 20, 588, 740, 30), "#1c2430", blur=34, opacity=0.42)
    art.haze(art.soft.ellipse(500, 384, 196, 192), "#1c2430", blur=36, opacity=0.6)
    draw_strap(art)
    draw_case(art)
    draw_dial(art)
    draw_hands(art)
    return art


def draw_strap(art: Canvas) -> None:
    strap = "M 398 -20 L 562 -20 L 556 220 L 404 220 M 404 500 L 556 500 L 562 740 L 398 740"
    art.paint(art.path(strap), *LEATHER, across=True)
    rows = [y for y in range(-6, 726, 18) if not 190 < y < 520]
    stitches = " ".join(f"M {x} {y} L {x} {y + 9}" for x in (406, 554) for y in rows)
    art.paint(art.line(stitches, 2.6), "#d9a878", opacity=0.8)


def draw_case(art: Canvas) -> None:
    for x in (392, 540):
        for y in (170, 486):
            lug = art.box(x, y, x + 28, y + 64, 9)
            art.paint(lug, "#f1f3f5", "#9aa3ad", "#5b646f", across=True)
    art.paint(art.box(648, 338, 686, 382, 8), "#8b949e", "#eef1f3", "#7a838d")
    grooves = " ".join(f"M 654 {y} L 684 {y}" for y in range(344, 380, 7))
    art.paint(art.line(grooves, 1.6), "#59626c", opacity=0.7)
    art.paint(art.ellipse(480, 360, 182, 182), "#ffffff", "#b5bdc6", "#6c7681", "#c9d0d7")
    art.paint(art.ellipse(480, 360, 168, 168), "#77818c", "#e4e8ec")


def draw_dial(art: Canvas) -> None:
    dial = art.ellipse(480, 360, 160, 160)
    art.paint(dial, "#f6f3ea", "#e9e4d6")
    art.haze(art.soft.ellipse(480, 250, 170, 60), "#3a3a34", blur=34, opacity=0.22, within=dial)
    minutes = [n * pi / 30 for n in range(60)]
    art.paint(art.line(" ".join(ray(angle, 144, 150) for angle in minutes), 1.6), "#8b8f91")
    art.paint(art.line(" ".join(ray(angle, 132, 150) for angle in minutes[::5]), 4.2), INK)
    art.paint(art.line(" ".join(ray(angle, 126, 150) for angle in minutes[::15]), 6.5), INK)
    art.paint(art.ellipse(480, 428, 42, 42), "#dfd9c8", "#eee9dc")
    small = " ".join(ray(angle, 33, 38, (480, 428)) for angle in minutes[::5])
    art.paint(art.line(small, 1.8), "#6d7074")
    art.paint(art.line("M 480 428 L 502 408", 2.6), INK)


def draw_hands(art: Canvas) -> None:
    """It is about eight past ten, as on every watch that was ever for sale."""
    dial = art.ellipse(480, 360, 160, 160)
    for angle, start, end, width, tint in (
        (-0.94, -10, 90, 9, INK),
        (0.69, -10, 128, 6.5, INK),
        (0.33, -44, 142, 2.4, "#c0492f"),
    ):
        shadow = art.soft.line(ray(angle, start, end, (484, 364)), width)
        art.haze(shadow, "#4a463a", blur=4, opacity=0.4)
        art.paint(art.line(ray(angle, start, end), width), tint)
    art.paint(art.ellipse(480, 360, 10, 10), "#c0492f")
    art.paint(art.ellipse(480, 360, 4, 4), "#f6f3ea")
    gleam = art.soft.path("M 360 250 L 470 200 L 400 480 L 350 440")
    art.haze(gleam, "#ffffff", blur=26, opacity=0.4, within=dial)
