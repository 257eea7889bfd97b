"""A canvas bag, printed with a sunrise."""

from __future__ import annotations

import random
from math import cos, pi, sin

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#dfe5de", "#d2dad1", floor=("#bcc7bb", "#c9d2c8"), horizon=535)
    art.haze(art.soft.ellipse(490, 628, 250, 20), "#27332a", blur=24, opacity=0.55)
    back = art.line("M 400 270 C 396 60 564 60 560 270", 24)
    art.paint(back, "#b6a383", "#a08d6d")
    bag = art.path(
        "M 290 240 C 400 250 560 250 670 240 C 680 360 700 480 706 600 C 706 622 694 630 676 630"
        " C 560 636 400 636 284 630 C 266 630 254 622 254 600 C 260 480 280 360 290 240"
    )
    art.paint(bag, "#d9c9aa", "#f3e9d5", "#eee2cb", "#cdbb99", across=True)
    grain = random.Random(2)
    for thread in ("#fff9ec", "#b7a583"):
        threads = " ".join(
            f"M {x:.1f} {y:.1f} L {x:.1f} {y + grain.uniform(6, 22):.1f}"
            for x, y in ((grain.uniform(250, 710), grain.uniform(240, 632)) for _ in range(130))
        )
        art.paint(art.line(threads, 1.1), thread, opacity=0.35, within=bag)
    sun = art.ellipse(480, 455, 96, 96)
    art.paint(sun, "#c8583a", "#b94a2f")
    for ray in range(16):
        angle = ray * pi / 8
        near, far = [(480 + r * cos(angle), 455 + r * sin(angle)) for r in (118, 138)]
        art.paint(
            art.line(f"M {near[0]:.1f} {near[1]:.1f} L {far[0]:.1f} {far[1]:.1f}", 8), "#c8583a"
        )
    hills = art.path(
        "M 370 462 C 410 430 442 456 480 466 C 518 476 548 440 592 466 L 592 570 L 370 570"
    )
    art.paint(hills, "#2f5a4a", "#264b3e", within=sun)
    for wave in (
        "M 408 496 C 436 474 456 490 480 496 C 508 503 530 480 554 492",
        "M 432 522 C 450 510 464 516 480 521 C 498 527 514 514 530 519",
    ):
        art.paint(art.line(wave, 4), "#f3e9d5", opacity=0.85)
    art.haze(
        art.soft.path("M 600 240 L 680 240 L 720 640 L 640 640"),
        "#5c4a2b",
        blur=44,
        opacity=0.4,
        within=bag,
    )
    art.haze(
        art.soft.line("M 330 260 C 326 400 310 520 300 620", 18),
        "#8a7751",
        blur=22,
        opacity=0.35,
        within=bag,
    )
    art.haze(art.soft.line("M 300 262 L 660 262", 8), "#7a6640", blur=9, opacity=0.5, within=bag)
    art.paint(art.line("M 296 272 C 400 281 560 281 664 272", 1.6), "#a8946c")
    front = art.line("M 392 290 C 384 66 576 66 568 290", 26)
    art.paint(front, "#f0e5cf", "#d6c6a6")
    for x in (392, 568):
        art.paint(art.box(x - 15, 262, x + 15, 316, 3), "#e6d9be", "#d2c19e")
        art.paint(art.line(f"M {x - 9} 269 L {x + 9} 309", 1.6), "#a8946c")
        art.paint(art.line(f"M {x + 9} 269 L {x - 9} 309", 1.6), "#a8946c")
    return art
