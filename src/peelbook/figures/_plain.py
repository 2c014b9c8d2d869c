"""Plain text: what any label, title or note becomes before it is drawn or written.

Names are data and may hold control characters, bidirectional overrides that make one name read as another,
or characters that XML cannot carry. Everything else, such as `$`, `<` and `&`, is shown as it is.
"""

from __future__ import annotations

import re

from peelbook import display

_NOT_XML = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")


def plain(text: object) -> str:
    """Return text on one line, without characters that a page or a picture cannot show."""
    return _NOT_XML.sub("", display.plain(text))
