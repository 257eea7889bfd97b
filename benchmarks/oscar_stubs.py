"""What django-oscar asks others, reduced to one answer each: a search server, and a thumbnailer."""

from types import SimpleNamespace
from typing import Any

from haystack.backends import BaseEngine, BaseSearchBackend
from haystack.backends.simple_backend import SimpleSearchQuery
from haystack.models import SearchResult
from oscar.core.thumbnails import AbstractThumbnailer

found: list[int] = []  # the primary keys of all products


class Backend(BaseSearchBackend):
    def search(
        self, query: str, start_offset: int = 0, end_offset: int | None = None, **rest: Any
    ) -> dict[str, Any]:
        page = found[start_offset:end_offset]
        return {
            "results": [SearchResult("catalogue", "product", pk, 0) for pk in page],
            "hits": len(found),
        }


class Engine(BaseEngine):
    backend = Backend
    query = SimpleSearchQuery


class Thumbnailer(AbstractThumbnailer):
    def generate_thumbnail(self, source: Any, **options: Any) -> Any:
        return SimpleNamespace(url="/media/none.jpg")
