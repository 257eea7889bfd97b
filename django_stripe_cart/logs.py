"""What goes wrong in a host's code, for the log: which kind of error, raised where.

An error's own words may name a person, so they stay out, and so does its traceback, which ends
with them. The lines of code that a traceback quotes hold no values.
"""

from __future__ import annotations

import traceback

from django.template import TemplateDoesNotExist, TemplateSyntaxError

# Their frames are all Django's: only the words tell which line of which template. They quote it.
ABOUT_CODE = (TemplateDoesNotExist, TemplateSyntaxError)


def describe(error: Exception) -> str:
    """str, the frames that ``error`` came through, and its kind."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    words = f": {error}" if isinstance(error, ABOUT_CODE) else ""
    return f"{type(error).__name__}{words}\n{frames}"
