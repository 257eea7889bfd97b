"""A lamp of brass and glass, lit, at dusk."""

from __future__ import annotations

from shop.pictures.canvas import Canvas


def draw() -> Canvas:
    art = Canvas("#2b3346", "#3d4257", "#5a5063", floor=("#6b5a5c", "#463d48"), horizon=545)
    art.haze(art.soft.ellipse(480, 330, 330, 250), "#f2b46b", blur=120, opacity=0.42)
    art.haze(art.soft.ellipse(480, 590, 330, 46), "#f6c382", blur=44, opacity=0.62)
    art.haze(art.soft.ellipse(480, 624, 150, 14), "#1b1820", blur=12, opacity=0.75)
    art.paint(
        art.box(462, 330, 498, 596, 8),
        "#7c4a26",
        "#e2a566",
        "#f7d3a0",
        "#b87740",
        "#6b3f20",
        across=True,
    )
    art.paint(
        art.path("M 462 540 C 462 590 380 578 372 612 L 588 612 C 580 578 498 590 498 540"),
        "#8a5429",
        "#e2a566",
        "#f3c78e",
        "#a96a37",
        "#66391b",
        across=True,
    )
    art.paint(
        art.box(364, 606, 596, 628, 11),
        "#6d4122",
        "#d99a5a",
        "#efc189",
        "#9a5f30",
        "#573017",
        across=True,
    )
    art.haze(
        art.soft.path("M 300 358 L 660 358 L 760 600 L 200 600"), "#ffdca6", blur=56, opacity=0.34
    )
    art.paint(art.ellipse(480, 356, 236, 30), "#ffe9bf", "#fff7e2", "#ffdf9f", across=True)
    shade = art.path(
        "M 236 352 C 236 190 350 104 480 104 C 610 104 724 190 724 352 C 724 372 236 372 236 352"
    )
    art.paint(shade, "#f3d9b3", "#f7c885", "#ffd899")
    art.haze(art.soft.ellipse(480, 350, 150, 90), "#fff6dc", blur=52, opacity=0.95, within=shade)
    art.haze(art.soft.ellipse(720, 220, 110, 190), "#8a5331", blur=60, opacity=0.5, within=shade)
    art.haze(art.soft.ellipse(250, 200, 70, 170), "#a4683d", blur=56, opacity=0.35, within=shade)
    art.haze(art.soft.ellipse(390, 170, 70, 26), "#fffaf0", blur=26, opacity=0.6, within=shade)
    art.paint(art.box(462, 92, 498, 110, 9), "#8a5429", "#f3c78e", "#66391b", across=True)
    return art
