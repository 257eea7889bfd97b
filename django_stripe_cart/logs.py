"""Descriptions of errors for the log, without personal data.

An error's message may contain a person's data, and a formatted traceback ends with the message.
The code lines of a traceback's frames contain no values.
"""

from __future__ import annotations

import traceback

from django.template import TemplateDoesNotExist, TemplateSyntaxError

# Template errors name the template and line only in their message, so it is kept. It quotes code.
ABOUT_CODE = (TemplateDoesNotExist, TemplateSyntaxError)


def describe_without_values(error: Exception) -> str:
    """Return the class of ``error`` and its stack frames, without its message."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    message = f": {error}" if isinstance(error, ABOUT_CODE) else ""
    return f"{type(error).__name__}{message}\n{frames}"
