"""The page of states shows the moves that the code allows: in its picture and in its table."""

from __future__ import annotations

import os
import re

from django_stripe_cart.models import Order
from docs.states_drawing import PICTURE, draw
from tests.docs.pages import read

Status = Order.Status

PAGE = "docs/reference/states.md"


def moves() -> list[tuple[str, str]]:
    transitions = Order._meta.get_field("status").get_all_transitions(Order)
    return [(Status(move.source).name, Status(move.target).name) for move in transitions]


def test_the_picture_is_drawn_from_the_code() -> None:
    if os.environ.get("WRITE_DOCS"):
        PICTURE.write_text(draw(moves()), "utf-8")

    picture = PICTURE.read_text("utf-8")

    assert picture == draw(moves()), "WRITE_DOCS=1 python -m pytest tests/docs/test_states.py"
    assert f"]({PICTURE.name})" in read(PAGE)


def test_each_move_is_a_path_and_each_state_a_box() -> None:
    picture = draw(moves())

    legend = 3
    assert picture.count("<path ") == len(moves()) + legend
    assert sorted(re.findall(r">([A-Z]+)</text>", picture)) == sorted(Status.names)


def test_the_moves_of_the_table_are_those_of_the_code() -> None:
    shown = re.findall(r"^\| ([A-Z]+) \| ([A-Z]+) \| \S", read(PAGE), re.M)

    assert sorted(shown) == sorted(moves())
