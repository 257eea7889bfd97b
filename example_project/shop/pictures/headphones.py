"""A pair of headphones, standing on their cups."""

from __future__ import annotations

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#e9dfe0", "#dfd1d2", floor=("#cdbabc", "#d8c8c9"), horizon=540)
    art.haze(art.soft.ellipse(320, 628, 110, 18), "#3b2529", blur=20, opacity=0.6)
    art.haze(art.soft.ellipse(648, 628, 110, 18), "#3b2529", blur=20, opacity=0.6)
    pad = art.line("M 366 214 C 418 140 542 140 594 214", 34)
    art.paint(pad, "#cfac93", "#a37e63")
    band = art.line("M 300 430 C 270 40 690 40 660 430", 34)
    art.paint(band, "#3d3a3f", "#5c585f", "#2d2a2f", "#1f1d21", across=True)
    art.haze(
        art.soft.line("M 322 250 C 350 110 450 92 520 98", 6),
        "#b9b5bd",
        blur=9,
        opacity=0.75,
        within=band,
    )
    for side in (-1, 1):
        x = 480 + side * 180
        art.paint(
            art.box(x - 12, 300, x + 12, 420, 8), "#dcdde0", "#f7f7f8", "#9da0a6", across=True
        )
        inner = art.box(
            min(x - side * 70, x - side * 8), 372, max(x - side * 70, x - side * 8), 612, 40
        )
        art.paint(inner, "#b58f74", "#e0bfa6", "#a37e63", across=True)
        art.haze(
            art.soft.box(x - side * 40 - 5, 392, x - side * 40 + 5, 592, 5),
            "#6f4f39",
            blur=7,
            opacity=0.6,
            within=inner,
        )
        cup = art.box(x - 46, 360, x + 46, 624, 46)
        art.paint(
            cup,
            *(
                ("#2b282d", "#67636a", "#454147", "#242126")
                if side < 0
                else ("#242126", "#4a464d", "#3a363c", "#1b191d")
            ),
            across=True,
        )
        outer = art.box(
            min(x + side * 30, x + side * 58), 412, max(x + side * 30, x + side * 58), 572, 14
        )
        art.paint(
            outer,
            "#8f6a52" if side > 0 else "#e3c2a8",
            "#c79f84",
            "#7d5a44" if side > 0 else "#b48d72",
            across=True,
        )
        art.haze(
            art.soft.box(x - 24, 392, x - 14, 590, 5),
            "#c9c5cd",
            blur=10,
            opacity=0.5 if side < 0 else 0.3,
            within=cup,
        )
    return art
