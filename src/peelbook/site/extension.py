"""The Sphinx extension behind the book: figure cards with downloads, the page frame, clean output.

`jupyter-book build .` needs nothing but this package: MyST-NB finds `FigureRenderer` by its entry point,
Sphinx finds the theme through `setup`. The extension replaces the stock theme because a stock page sends
some 540 kB of icon script, asks a CDN for three libraries and cannot pass a strict security policy.
"""

from __future__ import annotations

import base64
import json
import os
import posixpath
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from docutils import nodes
from markupsafe import Markup
from pygments.formatters import HtmlFormatter
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.parallel import parallel_available
from sphinx.writers.html5 import HTML5Translator

from peelbook import blocks
from peelbook.catalogue import Catalogue
from peelbook.figures._chart import MIME
from peelbook.site import notebook, page_frame, site_data, staged_parser
from peelbook.site.card import SHARED, Figure, render_card
from peelbook.site.edition import Edition
from peelbook.site.manifest import InputManifest, package_digest
from peelbook.site.missing_panel import FoldAbsent, SayReasonsOnce
from peelbook.site.publish import put_file
from peelbook.site.staged_parser import FigureCard, block_node, figure_card, page_figures
from peelbook.util.files import files_below, sha256

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).resolve().parent
THEME = HERE / "theme"

# Charts are named by their section, so one folder beside the pages holds them all.
FIGURES_FOLDER = "figures"


class FigureRenderer:
    """MyST-NB's plug-in for charts and blocks (entry point `myst_nb.mime_renderers`)."""

    mime_priority_overrides: ClassVar[list[tuple[str, str, int | None]]] = [
        ("*", MIME, 1),
        ("*", blocks.MIME, 2),
    ]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Return the card for a payload, nothing for its picture and text, `None` for other outputs."""
        if inline:
            return None
        if data.mime_type == blocks.MIME:
            return [block_node(renderer.renderer.sphinx_env, dict(data.content))]
        if data.mime_type != MIME:
            # The card stands for the whole output; rendering its picture and text would be thrown away.
            return [] if "peelbook" in data.output_metadata or _has_better(renderer, data) else None
        try:
            svg = data.output_metadata["peelbook"]["svg"]
            figure = Figure(dict(data.content), svg, _png(renderer, data))
        except (KeyError, ValueError, TypeError) as error:
            renderer.logger.warning(
                f"a figure output cannot be shown ({error}). Fix: run the notebook again with this version",
                subtype="peelbook",
                line=data.line,
            )
            return []
        return [figure_card(renderer.renderer.sphinx_env, figure, notebook.packed(figure))]


def _png(renderer: Any, data: Any) -> bytes:
    """The PNG that travels beside a payload, found by the payload itself."""
    _, outputs = renderer.renderer.nb_client.code_cell_outputs(data.cell_index)
    for output in outputs:
        bundle = output.get("data", {})
        if bundle.get(MIME) == data.content and "image/png" in bundle:
            return base64.b64decode(bundle["image/png"])
    raise ValueError("no picture beside the payload")


def _has_better(renderer: Any, data: Any) -> bool:
    """Whether this is a form of an output that also has one which the page prefers: a block, or HTML over text."""
    if data.mime_type not in ("text/plain", "text/html") or data.cell_index is None:
        return False
    _, outputs = renderer.renderer.nb_client.code_cell_outputs(data.cell_index)
    better = {blocks.MIME, "text/html"} - {data.mime_type}
    return any(
        better & set(bundle) and bundle.get(data.mime_type) == data.content
        for bundle in (output.get("data", {}) for output in outputs)
    )


def _purge(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    page_figures(env).pop(docname, None)


def _merge(app: Sphinx, env: BuildEnvironment, docnames: list[str], other: BuildEnvironment) -> None:
    for docname in docnames:
        if docname in page_figures(other):
            page_figures(env)[docname] = page_figures(other)[docname]


def _figure_path(docname: str, name: str) -> str:
    folder, _, _ = docname.rpartition("/")
    return f"{folder}/{FIGURES_FOLDER}/{name}" if folder else f"{FIGURES_FOLDER}/{name}"


def _shared_folder(edition: Edition, docname: str) -> str:
    """`SHARED` for a page that other forces have too; empty for others."""
    return SHARED if edition.layout == "edition" and edition.place(docname).kind == "section" else ""


def _check_figures(app: Sphinx, env: BuildEnvironment) -> None:
    """Warn where two pages would write different figures to one address."""
    owners: dict[str, tuple[str, str]] = {}
    for docname in sorted(page_figures(env)):
        for name, (digest, _) in page_figures(env)[docname].items():
            path = _figure_path(docname, name)
            other, known = owners.setdefault(path, (docname, digest))
            if known != digest:
                LOGGER.warning(
                    "figure %s of %s and of %s differ but share an address. Fix: give one another id",
                    name, docname, other, type="peelbook", subtype="figure",
                )  # fmt: skip


def _visit_card(self: Translator, node: FigureCard) -> None:
    figure = notebook.unpacked(node["packed"])
    docname = self.builder.current_docname
    page = Path(self.builder.get_outfilename(docname))
    edition = Edition.from_config(self.config.peelbook_edition)
    origin = page_frame.origin(edition, docname, self.config.html_title)
    shared = _shared_folder(edition, docname)
    for name, content in figure.files(origin, shared).items():
        put_file(Path(os.path.normpath(page.parent / FIGURES_FOLDER / name)), content)
    self.body.append(
        render_card(
            figure,
            folder=f"{FIGURES_FOLDER}/",
            number=node["number"],
            entries=self.source_entries,
            origin=origin,
            measure=page_frame.measure_link(self.builder.app, edition, docname, figure.id),
            own=force.short_name if (force := edition.place(docname).force) else "",
            shared=shared,
        )
    )
    raise nodes.SkipNode


def _visit_card_as_text(self: Any, node: FigureCard) -> None:
    payload = notebook.unpacked(node["packed"]).payload
    self.add_text(f"{payload['title']}. {payload['alt']}")
    raise nodes.SkipNode


def _skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


class CollapseCode(SphinxPostTransform):
    """Fold code away: readers want prose and charts. A cell that opens a question (`show-input`) shows its own."""

    default_priority = 198  # just before MyST-NB folds the cells marked as hidden
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Mark each code cell that shows its source."""
        for node in self.document.findall(nodes.container):
            if node.get("nb_element") == "cell_code" and node.children:
                if staged_parser.SHOWN in node["classes"]:
                    continue
                if node.children[0].get("nb_element") == "cell_code_source" and not node.get("hide_mode"):
                    node["hide_mode"] = "input"
                node.setdefault("prompt_show", "Code")
                node.setdefault("prompt_hide", "Code")


class LinkSiteFiles(SphinxPostTransform):
    """Keep links to files that the build itself makes, which Sphinx would look for among the sources."""

    default_priority = 8  # just before MyST resolves its links
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Turn each such link into a plain one."""
        for node in list(self.document.findall(addnodes.pending_xref)):
            target = str(node.get("reftarget", ""))
            name = target.removeprefix("../")
            made = name in site_data.SITE_FILES or site_data.LEDGER_FILE.fullmatch(name)
            if node.get("reftype") == "myst" and made:
                link = nodes.reference("", "", internal=False, refuri=target)
                link.extend(node[0].deepcopy().children)
                node.replace_self(link)


class CodeAfterOutput(SphinxPostTransform):
    """Put the folded code after what it made: the chart is the answer, the code is how.

    Code that shows nothing (the parameters, say, or a sentence that another cell has said) goes with that of the cell
    after it, else of the one before: a page has no row of empty boxes.
    """

    default_priority = 200  # after MyST-NB has folded it
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Move the folded code of each cell to the cell's end."""
        cells = [
            node for node in self.document.findall(nodes.container) if node.get("nb_element") == "cell_code"
        ]
        for cell in cells:
            folded = cell.children[0] if cell.children else None
            if not isinstance(folded, _hide_code_node()):
                continue
            following = cell.next_node(descend=False, siblings=True)
            if len(cell.children) > 1:
                cell.remove(folded)
                cell.append(folded)
            elif following in cells and isinstance(following.children[0], _hide_code_node()):
                following.children[0].insert(0, folded.children)
                cell.parent.remove(cell)
            elif before := _code_just_before(cell):
                before.extend(folded.children)
                cell.parent.remove(cell)


def _code_just_before(cell: nodes.Element) -> nodes.Element | None:
    """The folded code at the end of the cell that stands just before one, if that is a cell and has any."""
    place = cell.parent.index(cell)
    before = cell.parent.children[place - 1] if place else None
    if not isinstance(before, nodes.container) or before.get("nb_element") != "cell_code":
        return None
    return next((child for child in before.children[-1:] if isinstance(child, _hide_code_node())), None)


def scrollable_tables(html: str) -> str:
    """Put each table of the HTML that a library shows into a region that scrolls by itself and takes the focus.

    The book's own tables are blocks and have theirs; this is for a data frame that a cell ends with.
    """
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for table in soup.find_all("table"):
        if table.find_parent("table") or table.find_parent(class_="pb-scroll"):
            continue
        label = " ".join(table.caption.get_text().split()) if table.caption else ""
        name = f"Table: {label}" if label else "Table"
        region = {"class": "pb-scroll", "role": "region", "tabindex": "0", "aria-label": name}
        table.wrap(soup.new_tag("div", attrs=region))
    return soup.decode(formatter="html5")


_CELL_CLASSES = {"cell_code": "cell", "cell_code_output": "cell_output"}


class Translator(HTML5Translator):
    """Sphinx's HTML writer with what WCAG asks of tables and code."""

    def __init__(self, document: nodes.document, builder: Any):
        super().__init__(document, builder)
        self.source_entries: dict[str, tuple[str, str]] = {}  # one translator writes one page

    def visit_table(self, node: nodes.Element) -> None:
        """Open a scrolling region around the table."""
        title = next((child.astext() for child in node.findall(nodes.title)), "")
        headings = [
            entry.astext() for head in node.findall(nodes.thead) for entry in head.findall(nodes.entry)
        ]
        label = title or ", ".join(heading for heading in headings if heading)
        self.body.append(
            f'<div class="pb-scroll" role="region" tabindex="0" aria-label="Table: {self.attval(label)}">'
        )
        super().visit_table(node)

    def depart_table(self, node: nodes.Element) -> None:
        """Close the region."""
        super().depart_table(node)
        self.body.append("</div>\n")

    def visit_entry(self, node: nodes.Element) -> None:
        """Give header cells their scope."""
        super().visit_entry(node)
        if isinstance(node.parent.parent, nodes.thead):
            self.body[-1] = self.body[-1].replace("<th ", '<th scope="col" ', 1)
        elif self.body[-1].lstrip().startswith("<th "):
            self.body[-1] = self.body[-1].replace("<th ", '<th scope="row" ', 1)

    def add_permalink_ref(self, node: nodes.Element, title: str) -> None:
        """Give headings a link to themselves, but for the page's title: that is the page's address."""
        if not (isinstance(node, nodes.section) and isinstance(node.parent, nodes.document)):
            super().add_permalink_ref(node, title)

    def visit_literal_block(self, node: nodes.Element) -> None:
        """Write code as `CodeFormatter` does, without the box that Sphinx puts round it."""
        if node["ids"] or node.rawsource != node.astext():
            super().visit_literal_block(node)
            return
        language = node.get("language", "default")
        options = self.config.highlight_options.get(language, {})
        force = {**node.get("highlight_args", {}), "force": node.get("force", False)}
        self.body.append(
            self.highlighter.highlight_block(node.rawsource, language, opts=options, location=node, **force)
        )
        raise nodes.SkipNode

    def visit_raw(self, node: nodes.Element) -> None:
        """Make the tables in a library's HTML output scroll by themselves; a block's do."""
        if "block" in node:
            self.body.append(node.astext())
            raise nodes.SkipNode
        if "text_html" in node.get("classes", ()):
            self.body.append(scrollable_tables(node.astext()))
            raise nodes.SkipNode
        super().visit_raw(node)


def _visit_container(self: HTML5Translator, node: nodes.Element) -> None:
    """Open a notebook's cell, or what it made, in one plain element; an edition has ten thousand cells."""
    if "nb_element" not in node:
        self.body.append(self.starttag(node, "div"))
    elif name := _CELL_CLASSES.get(node["nb_element"]):
        self.body.append(f'<div class="{name}">\n')


def _depart_container(self: HTML5Translator, node: nodes.Element) -> None:
    if node.get("nb_element", "cell_code") in _CELL_CLASSES:
        self.body.append("</div>\n")


def _visit_code(self: HTML5Translator, node: nodes.Element) -> None:
    self.body.append('<details class="pb-code" data-pagefind-ignore><summary>Code</summary>\n')


def _depart_code(self: HTML5Translator, node: nodes.Element) -> None:
    self.body.append("</details>\n")


def _configure(app: Sphinx, config: Any) -> None:
    config.peelbook_code = package_digest()
    if not config.peelbook_edition:
        config.peelbook_edition = Edition.of_book(Catalogue()).to_config()
    if numbering := app.extensions.get("sphinx_multitoc_numbering"):
        # Comes with the contents extension, only swaps one method, and does not say so to Sphinx, which
        # would then read pages one by one and warn.
        numbering.parallel_read_safe = numbering.parallel_write_safe = True
    app.add_node(_hide_code_node(), override=True, html=(_visit_code, _depart_code))
    app.add_node(nodes.container, override=True, html=(_visit_container, _depart_container))


def _hide_code_node() -> type[nodes.Element]:
    from myst_nb.sphinx_ import HideCodeCellNode

    return HideCodeCellNode


FEW = 8
"""Fewer pages than these are written by one process."""


class BookBuilder(StandaloneHTMLBuilder):
    """Sphinx's HTML builder without the parts that this site's frame does itself."""

    name = "html"
    search = False  # Pagefind indexes the finished pages
    default_translator_class = Translator

    def init_highlighter(self) -> None:
        """Colour each piece of code once: every force's pages hold the same cells."""
        super().init_highlighter()
        self.highlighter.formatter = CodeFormatter
        self.highlighter.highlight_block = _remembered(self.highlighter.highlight_block)  # type: ignore[method-assign]

    def write(
        self,
        build_docnames: Iterable[str] | None,
        updated_docnames: Sequence[str],
        method: Literal["all", "specific", "update"] = "update",
    ) -> None:
        """Write the pages in copies of this process, where the system can copy one cheaply.

        With two processors pages are read in one process all the same (`render_pages`): what another read has to
        come back to it, which costs more than it saves; a written page is a file.
        """
        jobs = self.config.peelbook_jobs
        names = {*(build_docnames or ["__all__"]), *updated_docnames}
        if len(names) < FEW and "__all__" not in names:
            self.parallel_ok = False  # a copy of this process takes longer to make than they to write
        elif parallel_available and sys.platform.startswith("linux") and jobs > 1:
            self.app.parallel = jobs + 1  # Sphinx counts the process that hands out the work
            self.parallel_ok = True
        super().write(build_docnames, updated_docnames, method)

    def prepare_writing(self, docnames: set[str]) -> None:
        """Drop the links between pages that Sphinx would render for each page; the frame makes its own."""
        super().prepare_writing(docnames)
        self.relations = {}

    def create_pygments_style_file(self) -> None:
        """Write nothing: the theme's style colours code, in both themes."""

    def dump_inventory(self) -> None:
        """Write nothing: the inventory is for other Sphinx projects, and holds only names."""


class CodeFormatter(HtmlFormatter):
    """Pygments' HTML for the site: the keyboard reaches code that scrolls, and no browser translates it.

    Pygments marks every name, dot and bracket; the style colours words that carry structure only, in four colours.
    An edition has some hundred thousand such words: each is in a plain element that the style knows inside code.
    """

    _ELEMENTS: ClassVar[dict[str, str]] = {
        **dict.fromkeys(("k", "kn", "kc", "ow", "kd"), "b"),
        **dict.fromkeys(("s", "s1", "s2", "sd", "sa", "sf"), "i"),
        **dict.fromkeys(("c", "c1", "cm"), "em"),
        **dict.fromkeys(("nf", "nc", "nn", "nd", "mi", "mf"), "var"),
    }

    def _get_css_classes(self, ttype: Any) -> str:
        names = super()._get_css_classes(ttype)
        return names if names in self._ELEMENTS else ""

    def _element(self, marked: re.Match[str]) -> str:
        name = self._ELEMENTS[marked[1]]
        return f"<{name}>{marked[2]}</{name}>"

    def _wrap_pre(self, inner: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        yield 0, '<pre tabindex="0">'
        for kind, line in inner:
            yield kind, re.sub(r'<span class="(\w+)">([^<]*)</span>', self._element, line)
        yield 0, "</pre>"

    def _wrap_div(self, inner: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        yield 0, '<div class="highlight" translate="no">'
        yield from inner
        yield 0, "</div>\n"


def _remembered(highlight: Callable[..., str]) -> Callable[..., str]:
    """Colour each piece of code once: every force's pages hold the same cells."""
    known: dict[Any, str] = {}

    def block(
        source: str, lang: str, opts: Any = None, force: bool = False, location: Any = None, **kw: Any
    ) -> str:
        key = (source, lang, repr(opts), force, repr(sorted(kw.items())))
        if key not in known:
            known[key] = highlight(source, lang, opts, force, location, **kw)
        return known[key]

    return block


def _outdated(
    app: Sphinx, env: BuildEnvironment, added: set[str], changed: set[str], removed: set[str]
) -> list[str]:
    """Pages whose source bytes differ from the last build's.

    Sphinx trusts modification times, which a clock set back or a restored cache makes wrong.
    """
    known: dict[str, str] = getattr(env, "peelbook_sources", {})
    now = {name: sha256(Path(env.doc2path(name))) for name in env.found_docs}
    env.peelbook_sources = now  # type: ignore[attr-defined]
    return [name for name, digest in now.items() if known.get(name, digest) != digest]


def _page_context(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> str | None:
    if app.builder.format != "html":
        return None
    # Sphinx would write over the page that is there, which a published site may share.
    (Path(app.outdir) / f"{pagename}.html").unlink(missing_ok=True)
    edition = Edition.from_config(app.config.peelbook_edition)
    if edition.place(pagename).kind == "section" and pagename in app.env.found_docs:
        source = Path(app.env.doc2path(pagename))
        if source.suffix == ".ipynb":
            page = Path(app.outdir) / f"{pagename}.html"
            put_file(page.with_suffix(".ipynb"), notebook.slim(json.loads(source.read_bytes())))
    context["peelbook_page"] = page_frame.render_page(app, edition, pagename, context, doctree)
    return "page.html"


def _extra_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    if app.builder.format != "html":
        return
    yield "404", {"title": "Page not found", "body": Markup("")}, "page.html"
    edition = Edition.from_config(app.config.peelbook_edition)
    if edition.layout == "edition":
        yield "search", {"title": "Search", "body": Markup("")}, "page.html"
    if page_frame.can_compare(app, edition):
        for name in page_frame.COMPARE:
            yield name, {"title": "Compare forces", "body": Markup("")}, "page.html"
    if app.config.root_doc != "index":
        yield "index", {"title": app.config.html_title, "body": Markup("")}, "page.html"


def _clean(app: Sphinx, exception: Exception | None) -> None:
    """Remove pages and downloads that are no longer in the book, and files that no page uses."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    edition = Edition.from_config(app.config.peelbook_edition)
    wanted = {
        posixpath.normpath(_figure_path(docname, file))
        for docname, figures in page_figures(app.env).items()
        for name, (_, data) in figures.items()
        for file in (
            f"{name}.svg",
            f"{name}.png",
            data if _shared_folder(edition, docname) else f"{name}.csv",
        )
    }
    kept = {*app.env.found_docs, "404", "search", "index", *page_frame.COMPARE}
    pages = {f"{name}.{kind}" for name in kept for kind in ("html", "ipynb")}
    for name in files_below(out):
        folder = posixpath.dirname(name)
        if posixpath.basename(folder) == FIGURES_FOLDER:
            stale = name not in wanted
        else:
            stale = name.endswith((".html", ".ipynb")) and name not in pages
        if stale:
            (out / name).unlink()
            if not any((out / folder).iterdir()):
                (out / folder).rmdir()
    for path in (out / "_static").iterdir():
        if path.name not in page_frame.static_files():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    if edition.layout == "book":
        # In an edition these files come with the rest that is not a page.
        made_of = InputManifest.of(Path(app.doctreedir), "site-files")
        same = made_of.unchanged("site files", site_data.inputs(Catalogue()))
        if not same or not all((out / name).exists() for name in site_data.SITE_FILES):
            site_data.put_site_files(out, Catalogue())
        made_of.save()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_html_theme("peelbook", os.fspath(THEME))
    app.add_config_value("peelbook_edition", {}, "html", [dict])
    app.add_config_value("peelbook_code", "", "env", [str])
    app.add_config_value("peelbook_contents", "", "html", [str])
    app.add_config_value("peelbook_jobs", 1, "", [int])
    # Jupyter Book always sets this one; its owner, the comments extension, is left out.
    app.add_config_value("comments_config", {}, "", [dict])
    app.add_node(
        FigureCard,
        html=(_visit_card, None),
        text=(_visit_card_as_text, None),
        latex=(_skip, None),
        epub=(_skip, None),
    )
    staged_parser.setup(app)
    app.add_builder(BookBuilder, override=True)
    app.add_post_transform(CollapseCode)
    app.add_post_transform(LinkSiteFiles)
    app.add_post_transform(CodeAfterOutput)
    app.add_post_transform(SayReasonsOnce)
    app.add_post_transform(FoldAbsent)
    app.connect("config-inited", _configure)
    app.connect("env-get-outdated", _outdated)
    app.connect("env-purge-doc", _purge)
    app.connect("env-merge-info", _merge)
    app.connect("env-check-consistency", _check_figures)
    app.connect("html-page-context", _page_context, priority=900)
    app.connect("html-collect-pages", _extra_pages)
    app.connect("build-finished", _clean, priority=900)
    return {"version": "1", "env_version": 1, "parallel_read_safe": True, "parallel_write_safe": True}
