"""What notebooks emit beside charts."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from peelbook import display

HOSTILE = '<script>alert(1)</script>" onload="x & \u202egnp\n{math}`x` =1+1'


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], ""

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert all(not name.startswith("on") for name, _ in attrs)

    def handle_data(self, data):
        self.text += data


def parse(html):
    parser = Tags()
    parser.feed(html)
    return parser


def test_a_hostile_name_comes_out_as_text():
    html = display.table_html(HOSTILE, [HOSTILE, "n"], [[HOSTILE, HOSTILE]], numeric=[False, True])
    page = parse(html)
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in html


def test_a_table_has_a_caption_and_heads_its_rows_and_columns():
    html = display.table_html("Officers", ["Force", "Number"], [["Kent", "3,326"]], numeric=[False, True])
    assert "<caption>Officers</caption>" in html
    assert '<th scope="col">Force</th>' in html
    assert '<th scope="row">Kent</th>' in html
    assert "<td class=pb-number>3,326</td>" in html


@given(st.text())
def test_any_text_comes_out_on_one_line_and_escaped(text):
    out = display.escape(text)
    assert "\n" not in out
    assert "<" not in out and '"' not in out


def test_a_name_of_several_words_keeps_its_capitals_in_a_sentence():
    found = [
        display.lower_first(text)
        for text in ("Stop searches", "ASB", "Crime Severity Score", "Searches, Black")
    ]
    assert found == ["stop searches", "ASB", "Crime Severity Score", "searches, Black"]
