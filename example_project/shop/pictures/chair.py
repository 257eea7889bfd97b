"""An armchair in green wool, on legs of ash."""

from __future__ import annotations

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#e6dccb", "#dccfb9", floor=("#b99c78", "#a98b66"), horizon=540)
    art.haze(art.soft.ellipse(490, 640, 290, 20), "#3a2712", blur=22, opacity=0.6)
    wood = ("#6d4526", "#a8713f", "#7d5029")
    for path in ("M 326 518 L 300 640", "M 634 518 L 660 640"):
        art.paint(art.line(path, 17), *wood, across=True)
    for path in ("M 396 518 L 388 606", "M 564 518 L 572 606"):
        art.paint(art.line(path, 13), "#5d3a1f", "#744a28", across=True)
    back = art.path(
        "M 332 150 C 334 104 362 88 410 86 C 455 84 505 84 550 86 C 598 88 626 104 628 150"
        " C 636 240 640 330 640 420 L 320 420 C 320 330 324 240 332 150"
    )
    art.paint(back, "#3f6b5a", "#578874", "#4b7a67", "#2f5546", across=True)
    art.haze(art.soft.ellipse(420, 170, 80, 70), "#9cc4b2", blur=60, opacity=0.55, within=back)
    art.haze(art.soft.box(300, 350, 660, 440), "#14291f", blur=34, opacity=0.6, within=back)
    for x in (406, 480, 554):
        foot = 480 + (x - 480) * 1.2
        seam = f"M {x} 92 Q {foot} 200 {foot} 420"
        art.haze(art.soft.line(seam, 10), "#16302a", blur=10, opacity=0.45, within=back)
        art.paint(art.line(seam, 2), "#23463a", within=back)
    seat = art.path(
        "M 300 404 C 300 384 316 376 340 376 L 620 376 C 644 376 660 384 660 404"
        " L 664 474 C 664 496 650 504 628 504 L 332 504 C 310 504 296 496 296 474"
    )
    art.paint(seat, "#6d9e89", "#4c7c69", "#315a4a")
    art.haze(art.soft.box(330, 384, 560, 396, 6), "#c5e2d5", blur=14, opacity=0.7, within=seat)
    art.haze(art.soft.box(600, 370, 680, 520), "#12271e", blur=34, opacity=0.5, within=seat)
    art.paint(art.box(300, 500, 660, 528, 12), "#9a6537", "#6d4526")
    for left, right, lean in ((266, 314, 1), (646, 694, -1)):
        middle = (left + right) / 2
        art.paint(art.line(f"M {middle} 400 L {middle + 14 * lean} 520", 15), *wood, across=True)
        art.paint(art.box(left, 356, right, 402, 20), "#c58c55", "#94602f", "#6b4223")
        art.haze(art.soft.box(left + 8, 362, right - 12, 370, 4), "#f3cf9f", blur=7, opacity=0.7)
    return art
