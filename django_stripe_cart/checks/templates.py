"""Templates: the shop's own, and the project's overrides of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from django.apps import apps
from django.core.checks import CheckMessage
from django.template import Engine, Origin, TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates
from django.template.utils import InvalidTemplateEngineError

from django_stripe_cart.checks.registry import message, register_without_database
from django_stripe_cart.checks.template_hooks import DynamicTemplate, find_missing_hooks

OWN_TEMPLATES = Path(__file__).parent.parent / "templates"

NOT_FOUND = message(
    "E015",
    "No template engine finds the shop's templates.",
    hint='In TEMPLATES, give an engine "…backends.django.DjangoTemplates" "APP_DIRS": True.',
)
SHADOWED = message(
    "W020",
    "The template %(name)s of %(app)s is never used, because %(ours)s comes first.",
    hint="Move %(app)s before django_stripe_cart in INSTALLED_APPS.",
)
MISSING_HOOKS = message(
    "W021",
    "%(path)s overrides %(name)s without what the script or CSRF protection needs: %(missing)s.",
    hint='Begin it with {%% extends "%(name)s" %%} and override its blocks, or add what it lacks.',
)
NO_CONTENT = message(
    "W029",
    "The project's base.html has no block “content”: the shop's pages are empty.",
    hint='Override stripe_cart/base.html: begin it with {%% extends "base.html" %%}, and put its '
    "content into the block that base.html has instead.",
)

BLOCK_CONTENT = re.compile(r"{%\s*block\s+content\b")
EXTENDS = re.compile(r"{%\s*extends\s+(?:\"([^\"]+)\"|'([^']+)'|\S)")


@register_without_database
def check_templates() -> Iterable[CheckMessage]:
    """Check that the shop's templates are found, and that overrides are used and complete."""
    engine = _find_engine()
    if engine is None:
        yield NOT_FOUND()
        return
    for path in sorted(OWN_TEMPLATES.rglob("*.html")):
        name = path.relative_to(OWN_TEMPLATES).as_posix()
        used, *others = _find_origins(engine, name)
        if _is_own(used):
            yield from _check_shadowed_overrides(name, others)
        else:
            yield from _check_override(engine, name, path, used)
    if _is_own(next(_find_origins(engine, "stripe_cart/base.html"))):
        base = next(_find_origins(engine, "base.html"), None)
        if base is not None and not _has_content_block(engine, base):
            yield NO_CONTENT()


def _has_content_block(engine: Engine, origin: Origin) -> bool:
    """Return whether a template has a block “content”, or a template that it extends has one.

    Return True if the name of an extended template is known only while rendering.
    """
    skip: list[str] = []
    found: Origin | None = origin
    while found is not None:
        source = found.loader.get_contents(found)  # type: ignore[union-attr]
        extends = EXTENDS.search(source)
        if BLOCK_CONTENT.search(source) or (extends and not any(extends.groups())):
            return True
        skip.append(found.name)
        name = (extends[1] or extends[2]) if extends else ""
        # A template may extend one of its own name.
        others = _find_origins(engine, name) if name else iter(())
        found = next((one for one in others if one.name not in skip), None)
    return False


def _find_engine() -> Engine | None:
    """Return the template engine that finds the shop's templates, or None."""
    try:
        backends = engines.all()
    except (InvalidTemplateEngineError, ImportError):  # Django itself reports this
        return None
    for backend in backends:
        if isinstance(backend, DjangoTemplates):
            engine: Engine = backend.engine
            if next(_find_origins(engine, "stripe_cart/cart.html"), None):
                return engine
    return None


def _find_origins(engine: Engine, name: str) -> Iterator[Origin]:
    """Yield the origin of each template with this name; Django uses the first."""
    for loader in engine.template_loaders:
        for origin in loader.get_template_sources(name):
            try:
                origin.loader.get_contents(origin)  # type: ignore[union-attr]
            except TemplateDoesNotExist:
                continue
            yield origin


def _is_own(origin: Origin) -> bool:
    """Return whether a template is the shop's own, not an override."""
    return Path(origin.name).is_relative_to(OWN_TEMPLATES)


def _check_shadowed_overrides(name: str, others: Iterable[Origin]) -> Iterator[CheckMessage]:
    """Report overrides that come too late: Django finds the shop's template first.

    Only overrides in apps are reported.
    """
    for origin in others:
        app = _app_name(origin)
        if app and not _is_own(origin):
            yield SHADOWED(app=app, name=name, ours="django_stripe_cart")


def _app_name(origin: Origin) -> str:
    """Return the name of the app that contains a template, or an empty string."""
    for config in apps.get_app_configs():
        if Path(origin.name).is_relative_to(config.path):
            return config.name
    return ""


def _check_override(engine: Engine, name: str, path: Path, used: Origin) -> Iterator[CheckMessage]:
    """Report an override that lacks what the script or CSRF protection needs.

    ``path`` is the file of the shop's template. ``used`` is the origin of the override.
    """
    try:
        missing = find_missing_hooks(engine, name, path.read_text("utf-8"))
    except (DynamicTemplate, TemplateDoesNotExist, TemplateSyntaxError):
        return  # Django reports the last two when it renders the page
    except AttributeError:
        return  # nodes of another Django release, or of a library: the linter can't read them
    if missing:
        yield MISSING_HOOKS(path=used.name, name=name, missing=", ".join(missing))
