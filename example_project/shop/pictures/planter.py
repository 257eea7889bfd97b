"""A rubber plant in a terrazzo pot."""

from __future__ import annotations

import random
from math import cos, pi, sin

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#e3e6da", "#d8dccd", floor=("#c2bfa9", "#cdcab6"), horizon=535)
    art.haze(art.soft.ellipse(510, 630, 200, 20), "#2e2f20", blur=22, opacity=0.6)
    for root, bend, tip, length, degrees, light, dark in (
        ((478, 430), (478, 300), (484, 235), 205, -88, "#7aa868", "#33613c"),
        ((466, 432), (430, 320), (388, 282), 215, -139, "#6b9a60", "#2f5a39"),
        ((494, 432), (530, 320), (574, 286), 215, -43, "#5f9058", "#295133"),
        ((458, 436), (410, 372), (352, 372), 195, 187, "#86b072", "#3f6c45"),
        ((502, 436), (552, 376), (608, 378), 195, -6, "#76a365", "#37643f"),
        ((470, 440), (452, 390), (436, 372), 150, -112, "#93bd7c", "#4d7d50"),
        ((490, 440), (512, 390), (530, 374), 146, -66, "#86b474", "#437348"),
    ):
        art.paint(
            art.line(f"M {root[0]} {root[1]} Q {bend[0]} {bend[1]} {tip[0]} {tip[1]}", 8),
            "#4f7246",
            "#3b5934",
        )
        leaf(art, *tip, length, degrees, light, dark)
    art.paint(art.ellipse(480, 428, 150, 26), "#8f887a", "#b9b1a1", across=True)
    art.paint(art.ellipse(480, 431, 138, 20), "#4a3a2b", "#34281d")
    pot = art.path(
        "M 330 428 C 330 446 396 458 480 458 C 564 458 630 446 630 428 L 606 596"
        " C 602 620 588 630 564 630 L 396 630 C 372 630 358 620 354 596"
    )
    art.paint(pot, "#cfc8bb", "#f4f0e8", "#e9e3d8", "#b5ad9d", across=True)
    chips = random.Random(21)
    for _ in range(85):
        x, y, r = chips.uniform(330, 630), chips.uniform(440, 630), chips.uniform(4, 12)
        corners = [
            (x + r * chips.uniform(0.5, 1.1) * cos(a), y + r * chips.uniform(0.5, 1) * sin(a))
            for a in (0.2, 1.3, 2.4, 3.6, 4.9)
        ]
        chip = art.path("M " + " L ".join(f"{px:.1f} {py:.1f}" for px, py in corners))
        art.paint(
            chip,
            chips.choice(["#c4704f", "#47685d", "#d6a45c", "#8d8a86", "#2f3d4a", "#d9b9a4"]),
            opacity=0.85,
            within=pot,
        )
    art.haze(art.soft.box(560, 430, 660, 650), "#2f2a1c", blur=40, opacity=0.45, within=pot)
    art.haze(art.soft.box(372, 470, 392, 610, 10), "#ffffff", blur=16, opacity=0.6, within=pot)
    return art


def leaf(
    art: Canvas, x: float, y: float, length: float, degrees: float, light: str, dark: str
) -> None:
    """A leaf from its stalk at (x, y), with the vein in the middle."""
    angle = degrees * pi / 180

    def at(along: float, aside: float) -> str:
        px = x + length * (along * cos(angle) - aside * sin(angle))
        py = y + length * (along * sin(angle) + aside * cos(angle))
        return f"{px:.1f} {py:.1f}"

    art.haze(
        art.soft.path(
            f"M {at(0, 0)} C {at(0.15, -0.4)} {at(0.7, -0.4)} {at(1, 0)}"
            f" C {at(0.7, 0.4)} {at(0.15, 0.4)} {at(0, 0)}"
        ),
        "#1d3320",
        blur=14,
        opacity=0.35,
    )
    upper = art.path(f"M {at(0, 0)} C {at(0.15, -0.42)} {at(0.7, -0.4)} {at(1, 0)} L {at(0, 0)}")
    lower = art.path(f"M {at(0, 0)} C {at(0.15, 0.42)} {at(0.7, 0.4)} {at(1, 0)} L {at(0, 0)}")
    art.paint(upper, light, dark)
    art.paint(lower, dark, light)
    for along in (0.16, 0.32, 0.48, 0.64, 0.78):
        reach = 0.2 - abs(along - 0.4) * 0.3
        for side in (-1, 1):
            art.paint(
                art.line(f"M {at(along, 0)} L {at(along + reach * 0.8, side * reach)}", 1.6),
                "#cfe0b4",
                opacity=0.3,
            )
    art.paint(art.line(f"M {at(0, 0)} L {at(0.94, 0)}", 3), "#cfe0b4", opacity=0.7)
