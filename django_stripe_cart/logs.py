"""Descriptions of errors for the log, without personal data.

The message of an error may contain personal data, and ``traceback.format_exception()`` includes the
message. The stack of an error shows lines of code, which contain no values.
"""

from __future__ import annotations

import traceback

from django.template import TemplateDoesNotExist, TemplateSyntaxError

# The message of these errors is logged: only it names the template, and it quotes only code.
ABOUT_CODE = (TemplateDoesNotExist, TemplateSyntaxError)


def describe_without_values(error: Exception) -> str:
    """Return the class name and the stack of ``error`` as text, without its message.

    For a missing or malformed template, the message of the error is included: it names the
    template, and contains no personal data.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    message = f": {error}" if isinstance(error, ABOUT_CODE) else ""
    return f"{type(error).__name__}{message}\n{frames}"
