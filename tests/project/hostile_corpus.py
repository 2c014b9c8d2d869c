"""Names, labels and notes that try to be something other than text, by class of attack."""

from __future__ import annotations

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

HTML = [
    "<script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "<img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    '" onfocus="alert(1)" autofocus="',
    "<svg/onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "</title><script>alert(1)</script>",
    "</td></tr></table><form action=//evil.example>",
    "<!--><script>alert(1)//-->",
    "<style>*{display:none}</style>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;",
    "]]><script>alert(1)</script><![CDATA[",
    '<base href="//evil.example/">',
    "<a href=javascript:alert(1)>x</a>",
    "<math><mtext><script>alert(1)</script></mtext></math>",
    "<details open ontoggle=alert(1)>",
]
MARKDOWN = [
    "[click](javascript:alert(1))",
    "![x](https://evil.example/pixel.png)",
    "<https://evil.example/>",
    "[x]: https://evil.example/",
    "**bold** _italic_ `code`",
    "# Heading",
    "\n\n# Heading after a blank line",
    "```\nfence\n```",
    "a | b | c",
    "- item",
    "1. item",
    "> quote",
    "---",
    "| a |\n| --- |\n| b |",
    "text[^1]\n\n[^1]: note",
    "\\<script>alert(1)</script>",
    "www.evil.example",
    "Kent\n: a definition",
]
MYST = [
    "{raw}`<script>alert(1)</script>`",
    "```{raw} html\n<script>alert(1)</script>\n```",
    ":::{raw} html\n<script>alert(1)</script>\n:::",
    "```{include} /etc/passwd\n```",
    "```{eval-rst}\n.. raw:: html\n\n   <script>alert(1)</script>\n```",
    "```{code-cell} python\nimport os\n```",
    "{{ env.config }}",
    "{download}`/etc/passwd`",
    "{ref}`data-stop-search`",
    "(data-stop-search)=",
    "% peelbook: measures",
    '+++ {"key": 1}',
    "text{.class #id onclick=alert(1)}",
    "{math}`\\input{/etc/passwd}`",
    ".. raw:: html",
]
LATEX = [
    "$x^2$",
    "$$\\int$$",
    "\\(x\\)",
    "\\[x\\]",
    "\\input{/etc/passwd}",
    "\\write18{rm -rf x}",
    "\\href{javascript:alert(1)}{x}",
    "\\begin{align}x\\end{align}",
    "100% & $5 #1 _a_ ^b^ ~c~",
]
CONTROLS = [f"Kent {mark}ecilop{mark} force" for mark in BIDI] + [f"{BIDI}Kent{BIDI}"]
FORMULA = [
    "=1+1",
    '=HYPERLINK("http://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "=1+1\r=2+2",
    "\x00=1+1",
    "\u202e=1+1",
    "-2+3+cmd|' /C calc'!A0",
    "=1+1,=2+2\n=3+3",
]
NULLS = [
    "Kent\x00Police",
    "\x00",
    "Kent\x1b[31mred\x1b]0;title\x07",
    "".join(map(chr, range(32))) + "Kent",
    "Kent" + "".join(map(chr, range(127, 160))),
    "Kent\ud800Police",
    "Kent\ufffe\uffffPolice",
    "Kent\u2028Police\u2029",
    "Kent\x0bPolice\x0c",
    "\ufeffKent",
]
LONG = [
    "A" * 100_000,
    "word " * 20_000,
    "<b>" * 3_000,
    "é" * 70_000,
    "Kent" + "\u0301" * 5_000,
    "\n" * 50_000 + "Kent",
    "[" * 10_000,
    "(" * 10_000 + "{raw}`" * 100,
]
TEMPLATES = [
    "{{ 7 * 7 }}",
    "{% import os %}",
    "${7*7}",
    "{0.__class__}",
    "{force}",
    "%(name)s",
    "#{7*7}",
    "<%= 7*7 %>",
]

#: Every class that is text in a name, label or note.
CLASSES: dict[str, list[str]] = {
    "html": HTML,
    "markdown": MARKDOWN,
    "myst": MYST,
    "latex": LATEX,
    "bidi": CONTROLS,
    "formula": FORMULA,
    "null": NULLS,
    "long": LONG,
    "template": TEMPLATES,
}

#: Slugs that would leave their folder, or make two addresses of one.
SLUGS = [
    "../kent",
    "..",
    ".",
    "a/../b",
    "/etc/passwd",
    "..\\kent",
    "C:\\kent",
    "kent/",
    "kent.html",
    "kent\x00",
    "kent\n",
    "%2e%2e%2fkent",
    "ｋｅｎｔ",
    "kent\u2215x",
    "Kent",
    "-kent",
    "kent-",
    "kent--x",
    "kent x",
    "~root",
    "",
    " ",
    "kent?x=1",
    "kent#x",
    "$(id)",
    "`id`",
    "kent;ls",
]

#: Addresses that must not become a link.
ADDRESSES = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "\x01javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "//evil.example/x",
    "https://user:secret@evil.example/",
]


def cases() -> list[tuple[str, str]]:
    """(class, text) of every input."""
    return [(name, text) for name, texts in CLASSES.items() for text in texts]
