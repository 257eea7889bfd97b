"""It is served by ASGI, in an event loop."""

from tests.hosts.base import *  # noqa: F403
