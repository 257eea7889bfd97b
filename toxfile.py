"""Have tox end with how each run of pytest closed, and with what was skipped, and why."""

from __future__ import annotations

import atexit
import re

from tox.execute.api import Outcome
from tox.plugin import impl
from tox.tox_env.api import ToxEnv
from tox.tox_env.errors import Skip

COLOR = re.compile(r"\x1b\[[0-9;]*m")
CLOSING = re.compile(r"^=+ (\d.* in [\d.]+s.*?) =+$", re.MULTILINE)
SKIPPED = re.compile(r"\bSKIPPED:? (.*?)(?: !+)?$", re.MULTILINE)

last_lines: list[str] = []


@impl
def tox_after_run_commands(tox_env: ToxEnv, exit_code: int, outcomes: list[Outcome]) -> None:
    text = COLOR.sub("", "\n".join(outcome.out + outcome.err for outcome in outcomes))
    closings = CLOSING.findall(text)
    skips = list(dict.fromkeys(SKIPPED.findall(text)))
    last_lines.extend(f"  {tox_env.name}: {closing}" for closing in closings)
    last_lines.extend(f"  {tox_env.name}: skipped: {reason}" for reason in skips)
    # An environment in which no test ran is not OK, as tox would say.
    if exit_code == 0 and skips and not re.search(r"\d+ passed", " ".join(closings)):
        raise Skip(skips[0])


@atexit.register
def print_last_lines() -> None:
    print(*last_lines, sep="\n")  # noqa: T201
