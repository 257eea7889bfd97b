"""The shop's templates: found at all, overridden where a host meant to, and still alive then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from django.apps import apps
from django.core.checks import CheckMessage
from django.template import Engine, Origin, TemplateDoesNotExist, TemplateSyntaxError, engines
from django.template.backends.django import DjangoTemplates
from django.template.utils import InvalidTemplateEngineError

from django_stripe_cart.checks.registry import checked, mistake
from django_stripe_cart.checks.template_hooks import Unknowable, lost_hooks

OURS = Path(__file__).parent.parent / "templates"

NOT_FOUND = mistake(
    "E015",
    "No template engine finds the shop's templates.",
    hint='In TEMPLATES, give an engine "…backends.django.DjangoTemplates" "APP_DIRS": True.',
)
SHADOWED = mistake(
    "W020",
    "%(app)s has a %(name)s of its own that is never used, for %(ours)s comes first.",
    hint="Move %(app)s before django_stripe_cart in INSTALLED_APPS.",
)
LOST_HOOKS = mistake(
    "W021",
    "%(path)s, which overrides %(name)s, lacks what our script or CSRF needs: %(lost)s.",
    hint='Begin it with {%% extends "%(name)s" %%} and override its blocks, or put that back.',
)


@checked
def templates() -> Iterable[CheckMessage]:
    engine = _find_engine()
    if engine is None:
        yield NOT_FOUND()
        return
    for path in sorted(OURS.rglob("*.html")):
        name = path.relative_to(OURS).as_posix()
        used, *others = _sources(engine, name)
        if _is_ours(used):
            yield from _shadowed(name, others)
        else:
            yield from _lost(engine, name, path, used)


def _find_engine() -> Engine | None:
    """The one that renders our pages."""
    try:
        backends = engines.all()
    except (InvalidTemplateEngineError, ImportError):  # Django says so itself
        return None
    for backend in backends:
        if isinstance(backend, DjangoTemplates):
            engine: Engine = backend.engine
            if next(_sources(engine, "stripe_cart/cart.html"), None):
                return engine
    return None


def _sources(engine: Engine, name: str) -> Iterator[Origin]:
    """Where the engine finds a template of that name, the one it uses first. Compiles nothing."""
    for loader in engine.template_loaders:
        for origin in loader.get_template_sources(name):
            try:
                origin.loader.get_contents(origin)  # type: ignore[union-attr]
            except TemplateDoesNotExist:
                continue
            yield origin


def _is_ours(origin: Origin) -> bool:
    return Path(origin.name).is_relative_to(OURS)


def _shadowed(name: str, others: Iterable[Origin]) -> Iterator[CheckMessage]:
    for origin in others:
        app = _app_of(origin)
        if app and not _is_ours(origin):
            yield SHADOWED(app=app, name=name, ours="django_stripe_cart")


def _app_of(origin: Origin) -> str:
    for config in apps.get_app_configs():
        if Path(origin.name).is_relative_to(config.path):
            return config.name
    return ""


def _lost(engine: Engine, name: str, path: Path, used: Origin) -> Iterator[CheckMessage]:
    try:
        lost = lost_hooks(engine, name, path.read_text("utf-8"))
    except (Unknowable, TemplateDoesNotExist, TemplateSyntaxError):
        return  # of the last two Django tells when the page is shown, and better
    if lost:
        yield LOST_HOOKS(path=used.name, name=name, lost=", ".join(lost))
