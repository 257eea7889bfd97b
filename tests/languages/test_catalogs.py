"""The catalogues: whole, in step with the sources, and compiled."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.catalogs import (
    EXAMPLE,
    LOCALE,
    PACKAGE,
    ROOT,
    Catalog,
    Entry,
    compiled,
    extract,
    read_mo,
    read_po,
)

FILES = [
    path for app in (PACKAGE, EXAMPLE) for path in sorted(app.glob("locale/*/LC_MESSAGES/*.po"))
]

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|{\w*}|%[a-z%]")
SENTENCE_ENDS = (".", "…", "।", ".”", "”।")

# What may be written as in English.
SAME_EVERYWHERE = {"Stripe", "Webhook", "Webhooks"}
SAME_WORDS = {
    "de": {"Auto", "Live", "Name", "Shop", "Status", "System", "Test"},
    "es": {"Auto", "Total", "error", "slug", "stock", "total"},
    "fr": {
        *("Actions", "Auto", "Mode", "Page %(number)s", "Session", "Test", "Total", "description"),
        *("e-mail", "e-mails", "image", "message", "slug", "source", "stock", "total", "type"),
    },
    "hi": set(),
}


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Catalog]:
    if shutil.which("xgettext") is None:
        pytest.skip("GNU gettext is needed to read the sources (apt install gettext).")
    return {app: extract(app, tmp_path_factory.mktemp("app")) for app in (PACKAGE, EXAMPLE)}


@pytest.fixture(params=FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES])
def po(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def language(po: Path) -> str:
    return po.parts[-3]


@pytest.fixture
def catalog(po: Path) -> Catalog:
    return read_po(po)


def translations(catalog: Catalog) -> list[tuple[Entry, str]]:
    return [(entry, form) for entry in catalog.entries.values() for form in entry.forms]


def test_german_french_spanish_and_hindi_are_there() -> None:
    for app in (PACKAGE, EXAMPLE):
        assert {"de", "es", "fr", "hi"} <= {path.parts[-3] for path in FILES if app in path.parents}


def test_everything_the_sources_say_is_in_the_catalog_and_nothing_else(
    sources: dict[Path, Catalog], po: Path, catalog: Catalog
) -> None:
    said = {key: entry.plural for key, entry in sources[po.parents[3]].entries.items()}
    known = {key: entry.plural for key, entry in catalog.entries.items()}

    assert known == said, "See “Languages” in CONTRIBUTING."
    assert len(said) > 40


def test_nothing_is_left_untranslated_or_to_be_looked_over(catalog: Catalog) -> None:
    assert [entry.msgid for entry, form in translations(catalog) if not form.strip()] == []
    assert [entry.msgid for entry in catalog.entries.values() if entry.is_fuzzy] == []


def test_every_plural_has_all_its_forms(catalog: Catalog) -> None:
    counted = {
        entry.msgid: len(entry.forms)
        for entry in catalog.entries.values()
        if len(entry.forms) != (1 if entry.plural is None else catalog.plural_forms)
    }

    assert counted == {}


def test_every_form_has_the_placeholders_of_its_sentence(catalog: Catalog) -> None:
    wrong = {
        form: entry.msgid
        for entry, form in translations(catalog)
        if sorted(PLACEHOLDER.findall(form)) != sorted(PLACEHOLDER.findall(entry.msgid))
    }

    assert wrong == {}


def test_nothing_is_left_in_english_by_accident(language: str, catalog: Catalog) -> None:
    same = {
        form
        for entry, form in translations(catalog)
        if form in (entry.msgid, entry.plural) and re.search(r"[^\W\d_]", PLACEHOLDER.sub("", form))
    }

    assert same - SAME_EVERYWHERE - SAME_WORDS[language] == set()


def test_a_sentence_stays_a_sentence(catalog: Catalog) -> None:
    """Without a space at its ends, and with a full stop where there was one."""
    wrong = {
        form: entry.msgid
        for entry, form in translations(catalog)
        if form != form.strip() or form.endswith(SENTENCE_ENDS) != entry.msgid.endswith(".")
    }

    assert wrong == {}


def test_the_compiled_catalog_is_that_of_the_text(po: Path, catalog: Catalog) -> None:
    assert read_mo(po.with_suffix(".mo")) == compiled(catalog)


def test_the_header_says_which_language_it_is(language: str, catalog: Catalog) -> None:
    assert catalog.header["Language"] == language
    assert catalog.header["Content-Type"] == "text/plain; charset=UTF-8"


def test_german_and_french_have_their_own_quotation_marks() -> None:
    german = read_po(LOCALE / "de/LC_MESSAGES/django.po")
    french = read_po(LOCALE / "fr/LC_MESSAGES/django.po")

    assert [form for _entry, form in translations(german) if re.search("[”\"']", form)] == []
    assert [form for _entry, form in translations(french) if re.search("[“”\"']", form)] == []


def test_french_punctuation_stays_on_its_line() -> None:
    french = read_po(LOCALE / "fr/LC_MESSAGES/django.po")

    loose = re.compile(
        r"« | »| [:;!?]|[^\N{NARROW NO-BREAK SPACE}][;!?»]|«[^\N{NARROW NO-BREAK SPACE}]"
    )
    assert [form for _entry, form in translations(french) if loose.search(form)] == []
