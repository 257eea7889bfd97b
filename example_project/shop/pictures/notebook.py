"""A notebook bound in linen, seen from above, and a pencil."""

from __future__ import annotations

import random

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#ebe3df", "#d6c9c2", shift=-62)
    art.haze(
        art.soft.path("M 318 170 L 690 128 L 742 600 L 372 640"), "#3a2721", blur=34, opacity=0.5
    )
    art.paint(art.path("M 316 150 L 680 110 L 734 588 L 372 630"), "#8c3f2a", "#7a3422")
    for offset, shade in ((0, "#efe7d8"), (5, "#d9cebb"), (9, "#f4ede0")):
        art.paint(
            art.path(
                f"M 312 {142 - offset / 3} L {680 - offset} 104"
                f" L {732 - offset} {580 - offset / 3} L 366 {622 - offset}"
            ),
            shade,
        )
    cover = art.path(
        "M 300 146 C 299 139 303 134 310 133 L 662 95 C 669 94 675 98 676 105 L 727 565"
        " C 728 572 724 578 717 579 L 366 617 C 359 618 353 614 352 607"
    )
    art.paint(cover, "#c9694b", "#b95a3d", "#a84c31")
    weave = random.Random(9)
    for thread in ("#d98467", "#8f3d26"):
        threads = " ".join(
            f"M {x:.1f} {y:.1f} L {x + long:.1f} {y - long * 0.108:.1f}"
            for x, y, long in (
                (weave.uniform(290, 730), weave.uniform(90, 620), weave.uniform(8, 34))
                for _ in range(210)
            )
        )
        art.paint(art.line(threads, 1.2), thread, opacity=0.22, within=cover)
    spine = art.path(
        "M 300 146 C 299 139 303 134 310 133 L 352 128 L 405 613 L 366 617"
        " C 359 618 353 614 352 607"
    )
    art.paint(spine, "#8e3d28", "#a34a30", across=True, opacity=0.75)
    art.haze(
        art.soft.path("M 360 128 L 470 116 L 500 600 L 410 612"),
        "#f4c3ab",
        blur=40,
        opacity=0.35,
        within=cover,
    )
    label = art.path("M 455 226 L 585 212 L 597 316 L 467 330")
    art.paint(label, "#f4ead9", "#eadcc5")
    art.paint(art.line("M 478 256 L 566 246.5", 3), "#7c6a58")
    art.paint(art.line("M 481 279 L 569 269.5", 3), "#b9a892")
    art.paint(art.line("M 483.5 302 L 540 296", 3), "#b9a892")
    art.paint(
        art.path("M 628 98.7 L 645 96.9 L 696 581.3 L 679 583"),
        "#2d2a2b",
        "#413c3d",
        "#252223",
        across=True,
    )
    art.haze(art.soft.line("M 770 238 L 838 610", 16), "#3a2721", blur=12, opacity=0.5)
    art.paint(
        art.path("M 746 190 L 766 186 L 834 548 L 814 552"),
        "#d9a441",
        "#f0c36a",
        "#c48c2c",
        across=True,
    )
    art.paint(
        art.path("M 746 190 L 766 186 L 762 168 C 760 160 741 164 742 172"), "#d98a83", "#c96e67"
    )
    art.paint(
        art.path("M 745.5 188 L 766 184 L 769 200 L 748.5 204"),
        "#d8d8d6",
        "#a9aaa9",
        across=True,
    )
    art.paint(art.path("M 814 552 L 834 548 L 832.5 594"), "#efd9b4", "#dcbf92", across=True)
    art.paint(art.path("M 825.5 577.5 L 832 576 L 832.5 594"), "#2d2a2b")
    return art
