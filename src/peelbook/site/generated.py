"""Pages whose content is computed from `data/` when the book is built, so that no fact is typed twice.

A page in `book/` holds its title and introduction, and one MyST comment such as `% peelbook: data_sources`.
That line is replaced by generated MyST as Sphinx reads the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from peelbook import paths
from peelbook.catalogue import Catalogue
from peelbook.descriptor import PACKAGE_FILE
from peelbook.util.files import sha256

MARKER = re.compile(r"^% peelbook: (\w+)$", flags=re.MULTILINE)


def _data_sources(catalogue: Catalogue) -> str:
    from peelbook.sources import page

    return page.markdown(catalogue.package)


def _coverage(catalogue: Catalogue) -> str:
    from peelbook.sources import coverage

    return coverage.markdown(catalogue)


def _measures(catalogue: Catalogue) -> str:
    from peelbook import measures

    return measures.reference_markdown()


def _reproduction_report(catalogue: Catalogue) -> str:
    from peelbook import claims
    from peelbook.site.ledger_pages import citing

    # The committed book is about one report; an edition has a page for each (`peelbook.site.ledger_pages`).
    return claims.report_markdown(catalogue, cite=citing("book/reproduction_report"))


def _add_a_report(catalogue: Catalogue) -> str:
    from peelbook import claims

    return claims.guide_markdown()


def _revisions(catalogue: Catalogue) -> str:
    from peelbook import revisions

    return revisions.markdown(catalogue)


def _peer_forces(catalogue: Catalogue) -> str:
    from peelbook import areas

    return areas.markdown(catalogue)


PAGES: dict[str, Callable[[Catalogue], str]] = {
    "data_sources": _data_sources,
    "coverage": _coverage,
    "revisions": _revisions,
    "measures": _measures,
    "peer_forces": _peer_forces,
    "reproduction_report": _reproduction_report,
    "add_a_report": _add_a_report,
}


def fill(source: str, content: Callable[[str], str]) -> str:
    """Return a page's source with its markers replaced by what `content` gives for the name of each."""
    return MARKER.sub(lambda match: content(match.group(1)), source)


def content(name: str, catalogue: Catalogue) -> str:
    """Compute what a marker stands for. Raises `KeyError` for an unknown one."""
    return PAGES[name](catalogue)


def _on_source_read(app, docname: str, source: list[str]) -> None:
    if MARKER.search(source[0]):
        catalogue = Catalogue()
        source[0] = fill(source[0], lambda name: content(name, catalogue))
        # A new table must re-read the page although its own file is the same.
        app.env.dependencies[docname].add(str(paths.data_dir() / PACKAGE_FILE))


def setup(app) -> dict[str, object]:
    """Register with Sphinx."""
    app.connect("source-read", _on_source_read)
    return {
        "version": sha256(Catalogue().data_dir.joinpath(PACKAGE_FILE))[:12],
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
