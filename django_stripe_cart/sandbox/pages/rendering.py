"""Responses: HTML pages, redirects and static files."""

from functools import cache
from pathlib import Path
from typing import Any

from django.template import Context, Engine

from django_stripe_cart.sandbox.http import Response

HERE = Path(__file__).parent.parent
STATIC = HERE / "static"
CONTENT_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
# No `form-action`: browsers apply it to the redirect after a form, which goes to the merchant.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;"
    " base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@cache
def _engine() -> Engine:
    """Return Django's template engine, for the sandbox's own templates."""
    return Engine(dirs=[str(HERE / "templates")], autoescape=True)


def render_page(template: str, context: dict[str, Any], *, status: int = 200) -> Response:
    """Render a template, and return a response with the rendered page."""
    # Numbers in attributes must not be localized; and this way no settings are needed.
    html = _engine().get_template(template).render(Context(context, use_l10n=False, use_tz=False))
    return Response(status, dict(HEADERS), html.encode())


def redirect(url: str) -> Response:
    """Return a redirect that the browser follows with a GET request."""
    return Response(303, {**HEADERS, "Location": url})


def render_notice(
    title: str, text: str, *, status: int = 200, link: str = "", link_text: str = ""
) -> Response:
    """Return a page with a title, a text and an optional link."""
    context = {"title": title, "text": text, "link": link, "link_text": link_text}
    return render_page("notice.html", context, status=status)


def render_not_found() -> Response:
    """Return the page for a URL that does not exist."""
    return render_notice(
        "Page not found",
        "The sandbox has no page at this address.",
        status=404,
        link="/",
        link_text="To the sandbox dashboard",
    )


def read_static_file(name: str) -> Response:
    """Return a stylesheet or script from the folder `static/`.

    If there is no such file, return the page for an unknown URL.
    """
    path = STATIC / Path(name).name
    if path.suffix not in CONTENT_TYPES or not path.is_file():
        return render_not_found()
    headers = {"Content-Type": CONTENT_TYPES[path.suffix], "X-Content-Type-Options": "nosniff"}
    return Response(200, {**headers, "Cache-Control": "no-cache"}, path.read_bytes())
