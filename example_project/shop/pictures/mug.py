"""A mug of stoneware, dipped in glaze."""

from __future__ import annotations

import random

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#ece7de", "#e0d8cb", floor=("#cdc3b3", "#d8cfc1"), horizon=505)
    art.haze(art.soft.ellipse(545, 606, 260, 26), "#3d3226", blur=30, opacity=0.5)
    handle = art.line("M 600 300 C 745 270 770 500 600 500", 44)
    art.paint(handle, "#3f7480", "#2c5862", "#1d3f48", across=True)
    art.haze(
        art.soft.line("M 610 288 C 735 268 755 400 735 430", 5),
        "#a9d3da",
        blur=7,
        opacity=0.7,
        within=handle,
    )
    body = art.path(
        "M 290 210 L 308 545 C 311 586 332 606 372 606 L 568 606"
        " C 608 606 629 586 632 545 L 650 210"
    )
    art.paint(body, "#c3b198", "#ebe0cf", "#dccdb6", "#a8937a", across=True)
    speckle = random.Random(4)
    for size in (1.4, 2.2, 3.4):
        dots = " ".join(
            dot(speckle.uniform(300, 640), speckle.uniform(420, 600)) for _ in range(50)
        )
        art.paint(art.line(dots, size), "#7d6a54", opacity=0.55, within=body)
    dip = art.path(
        "M 250 150 L 700 150 L 700 440 C 650 470 610 425 560 446 C 520 462 500 490 455 462"
        " C 415 436 390 470 350 462 C 320 456 300 430 250 452"
    )
    art.haze(
        art.soft.line("M 290 462 C 390 490 420 450 455 474 C 500 500 530 470 640 452", 8),
        "#4d3f30",
        blur=9,
        opacity=0.45,
        within=body,
    )
    glaze = ("#2f5d68", "#5f98a3", "#457f8b", "#2b5964", "#1f444d")
    art.paint(dip, *glaze, across=True, within=body)
    art.haze(art.soft.box(352, 262, 372, 440, 10), "#d7eef1", blur=14, opacity=0.55, within=body)
    art.haze(art.soft.box(585, 250, 660, 620), "#0f2328", blur=40, opacity=0.4, within=body)
    art.paint(art.ellipse(470, 212, 180, 38), "#8fbcc4", "#3b717d", across=True)
    inside = art.ellipse(470, 214, 166, 31)
    art.paint(inside, "#1c3d46", "#3c6f7a", across=True)
    art.paint(art.ellipse(470, 232, 158, 30), "#4a2c1c", "#2f1a10", within=inside)
    art.haze(art.soft.ellipse(420, 228, 60, 7), "#b98a63", blur=10, opacity=0.6, within=inside)
    return art


def dot(x: float, y: float) -> str:
    return f"M {x:.1f} {y:.1f}"
