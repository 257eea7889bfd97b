"""The picture of an order's states, drawn from the moves between them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

PICTURE = Path(__file__).parent / "reference" / "states.svg"

Move = tuple[str, str]
Point = tuple[float, float]

# Where the states stand: the line that most orders take, and beside it the ends without money.
LINE = ("PENDING", "PROCESSING", "PAID", "FULFILLED", "REFUNDED")
ENDS = ("CANCELED", "EXPIRED", "FAILED")

BOX = 124, 60
STEP = 112  # from one state of a column down to the next
LEFT, RIGHT, TOP = 84, 334, 4  # of the two columns
PORT = 10  # between two moves at the same side of a box
HEAD = 8  # an arrow's

STYLE = """
text { font: 600 13px system-ui, sans-serif; letter-spacing: .04em; fill: #1f2933 }
.note { font-weight: 400; letter-spacing: 0; fill: #52606d }
rect { fill: #fff; stroke: #9aa5b1; stroke-width: 1.25 }
.line { fill: #edf6f3; stroke: #2f7d6b }
path { fill: none; stroke: #7b8794; stroke-width: 1.5 }
path.on { stroke: #2f7d6b; stroke-width: 2 }
path.back { stroke: #b7791f; stroke-dasharray: 4 4 }
polygon { fill: #7b8794 } polygon.on { fill: #2f7d6b } polygon.back { fill: #b7791f }
@media (prefers-color-scheme: dark) {
  text { fill: #e4e7eb } .note { fill: #9aa5b1 }
  rect { fill: #1f2529; stroke: #616e7c } .line { fill: #17302a; stroke: #5fb8a2 }
  path.on { stroke: #5fb8a2 } path.back { stroke: #d9a54a }
  polygon.on { fill: #5fb8a2 } polygon.back { fill: #d9a54a }
}
"""


def draw(moves: Iterable[Move]) -> str:
    moves = sorted(moves)
    width, height = RIGHT + BOX[0] + 4, TOP + STEP * (len(LINE) - 1) + BOX[1] + 4
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            "<title>The states of an order, and the moves between them</title>",
            f"<style>{STYLE}</style>",
            *(marker(kind) for kind in ("on", "off", "back")),
            *(path(move, moves) for move in moves),
            *(box(state) for state in LINE + ENDS),
            *legend(),
            "</svg>\n",
        ]
    )


def corner(state: str) -> Point:
    if state in LINE:
        return LEFT, TOP + STEP * LINE.index(state)
    return RIGHT, TOP + STEP * ENDS.index(state)


def box(state: str) -> str:
    x, y = corner(state)
    kind = ' class="line"' if state in LINE else ""
    return (
        f'<rect{kind} x="{x}" y="{y}" width="{BOX[0]}" height="{BOX[1]}" rx="12"/>'
        f'<text x="{x + BOX[0] / 2}" y="{y + BOX[1] / 2 + 5}" text-anchor="middle">{state}</text>'
    )


def kind_of(move: Move) -> str:
    """Onward along the line, off it, or back."""
    source, target = move
    if target in ENDS:
        return "off"
    is_onward = source in LINE and LINE.index(source) < LINE.index(target)
    return "on" if is_onward else "back"


def is_next(move: Move) -> bool:
    """Whether it is one step straight down the line."""
    return move in pairwise(LINE)


def path(move: Move, moves: list[Move]) -> str:
    source, target = move
    kind = kind_of(move)
    if is_next(move):
        x, y = corner(source)
        x += BOX[0] / 2
        way = f"M{x} {y + BOX[1]}V{y + STEP - HEAD}"
    elif source in LINE and target in LINE:
        (x, y), (_, end) = port(source, move, moves), port(target, move, moves)
        bend = x - 26 - 22 * span(move)
        way = f"M{x} {y}C{bend} {y} {bend} {end} {x - HEAD} {end}"
    else:
        (x, y), (to, end) = port(source, move, moves), port(target, move, moves)
        middle = (x + to) / 2
        to += HEAD if to < x else -HEAD
        way = f"M{x} {y}C{middle} {y} {middle} {end} {to} {end}"
    return f'<path class="{kind}" d="{way}" marker-end="url(#{kind})"/>'


def port(state: str, move: Move, moves: list[Move]) -> Point:
    """Where ``move`` touches the box: spread over its side so that no two moves share a place."""
    arc = is_arc(move)
    here = [one for one in moves if state in one and is_arc(one) == arc and not is_next(one)]
    here.sort(key=lambda one: place(state, one))
    level = [at for at, one in enumerate(here) if is_level(one)]
    middle = level[0] if level else (len(here) - 1) / 2
    x, y = corner(state)
    is_right = state in LINE and not arc
    return x + (BOX[0] if is_right else 0), y + BOX[1] / 2 + PORT * (here.index(move) - middle)


def is_level(move: Move) -> bool:
    """Whether it leads straight across."""
    return corner(move[0])[1] == corner(move[1])[1]


def is_arc(move: Move) -> bool:
    return move[0] in LINE and move[1] in LINE


def place(state: str, move: Move) -> tuple[float, ...]:
    """From top to bottom. Arcs lie in each other: of those that go up the widest comes last."""
    other = move[1] if state == move[0] else move[0]
    if not is_arc(move):
        return corner(other)[1], kind_of(move) == "back"
    is_down = LINE.index(other) > LINE.index(state)
    return is_down, -span(move) if is_down else span(move)


def span(move: Move) -> float:
    """How far an arc reaches out; the way back runs outside the way there."""
    length = abs(LINE.index(move[0]) - LINE.index(move[1]))
    return length + (0.5 if kind_of(move) == "back" else 0)


def marker(kind: str) -> str:
    return (
        f'<marker id="{kind}" viewBox="0 0 8 8" refX="0" refY="4" markerWidth="{HEAD}" '
        f'markerHeight="{HEAD}" markerUnits="userSpaceOnUse" orient="auto">'
        f'<polygon class="{kind}" points="0,0.5 8,4 0,7.5"/></marker>'
    )


def legend() -> Iterable[str]:
    words = {"on": "onward", "off": "an end without money", "back": "back, by a late event"}
    for row, (kind, text) in enumerate(words.items()):
        y = corner(LINE[-1])[1] + 10 + 22 * row
        yield f'<path class="{kind}" d="M{RIGHT - 66} {y}h24" marker-end="url(#{kind})"/>'
        yield f'<text class="note" x="{RIGHT - 26}" y="{y + 4}">{text}</text>'
