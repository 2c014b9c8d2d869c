"""Print a built site to PDF through headless Chromium: one file for a force, or for one of its sections.

The print style sheet does the layout. The pages of a force are joined first, so that the file has one
cover, one table of contents and working bookmarks.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from peelbook.errors import PeelbookError
from peelbook.sections import all_sections
from peelbook.site.edition import FORCES_FOLDER
from peelbook.site.templates import render

if TYPE_CHECKING:
    from bs4 import Tag

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

# What is folded on screen and belongs on paper: verdicts, notes, cautions, what is not available.
_PRINTED_OPEN = "details:is(.pb-claims, .pb-unavailable, .pb-tool-notes, .pb-tool-source)"


class PdfError(PeelbookError):
    """The PDF could not be made: no browser, no such page, or the browser failed."""


def browser() -> str:
    """Return the Chromium to print with: `PEELBOOK_CHROMIUM`, or the first found on the path.

    Raises `PdfError` where there is none.
    """
    if named := os.environ.get("PEELBOOK_CHROMIUM"):
        return named
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    raise PdfError(
        "No Chromium found to print with. Fix: install Chromium (Debian: `apt-get install chromium`), or set "
        "PEELBOOK_CHROMIUM to its path. Any browser can also print a page of the site to PDF."
    )


def print_force(site: Path | str, slug: str, out: Path | str, *, section: str | None = None) -> Path:
    """Print all sections of a force, or one of them, from a built site to the file `out`. Returns its path.

    Raises `PdfError`.
    """
    folder = Path(site).resolve() / FORCES_FOLDER / slug
    # The whole starts with the force at a glance.
    stems = [section] if section else ["index", *(item.stem for item in all_sections())]
    pages = [(stem, folder / f"{stem}.html") for stem in stems]
    pages = [(stem, page) for stem, page in pages if page.exists()]
    if not any(stem != "index" for stem, _ in pages):
        raise PdfError(f"{folder}: no page to print. Fix: run `peelbook build --force {slug}` first.")
    with tempfile.TemporaryDirectory(prefix="peelbook-pdf-") as scratch:
        joined = Path(scratch) / "print.html"
        joined.write_text(join(pages, folder, joined.as_uri()), encoding="utf-8")
        target = Path(out).resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        _print(joined, target, Path(scratch))
    return target


def join(pages: list[tuple[str, Path]], folder: Path, address: str) -> str:
    """The pages as one document. Links inside it lead to `address`, all others to the site."""
    from bs4 import BeautifulSoup, SoupStrainer

    articles, contents = [], []
    title = ""
    for stem, page in pages:
        text = page.read_text(encoding="utf-8")
        only = SoupStrainer("article", attrs={"class": "pb-article"})
        article = BeautifulSoup(text, "html.parser", parse_only=only).article
        if article is None:
            raise PdfError(f"{page}: not a page of this site. Fix: build the site again.")
        # The force's name, as the page's filter for search gives it.
        title = title or str(article.get("data-force", ""))
        _for_paper(article, stem, address)
        heading = article.h1
        contents.append((f"{address}#{stem}", heading.get_text() if heading else stem))
        articles.append((stem, article.decode_contents(formatter="html5")))
    style = (folder.parent.parent / "_static" / "peelbook.css").as_uri()
    return render(
        "print.html",
        title=title,
        base=f"{folder.as_uri()}/",
        style=style,
        contents=contents,
        articles=articles,
    )


def _for_paper(article: Tag, stem: str, address: str) -> None:
    """Make an article ready to stand among others: what paper shows is open, and anchors are unique."""
    for link in article.select("a.headerlink"):
        link.decompose()
    for picture in article.find_all("img"):
        for lazy in ("loading", "decoding"):
            del picture[lazy]
    for folded in article.select(_PRINTED_OPEN):
        folded["open"] = ""
    for name in ("id", "aria-labelledby", "for"):
        # Two sections may have a heading of the same name.
        for tag in article.select(f"[{name}]"):
            tag[name] = " ".join(f"{stem}--{part}" for part in str(tag[name]).split())
    for link in article.select('a[href^="#"]'):
        link["href"] = f"{address}#{stem}--{link['href'][1:]}"


def _print(page: Path, target: Path, scratch: Path) -> None:
    command = [
        browser(),
        "--headless",
        "--disable-gpu",
        "--no-first-run",
        "--allow-file-access-from-files",
        f"--user-data-dir={scratch / 'profile'}",
        "--no-pdf-header-footer",
        "--export-tagged-pdf",
        "--generate-pdf-document-outline",
        f"--print-to-pdf={target}",
        page.as_uri(),
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.insert(1, "--no-sandbox")  # Chromium refuses to run as root with its sandbox
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PdfError(f"{command[0]}: cannot print ({error}). Fix: check that it starts.") from error
    if run.returncode != 0 or not target.exists():
        raise PdfError(f"{command[0]}: printing failed.\n{run.stderr.strip()[-2000:]}")
