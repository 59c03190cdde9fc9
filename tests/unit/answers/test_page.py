"""An answer as HTML."""

from simulator.answers import Answer, Table, to_html


def test_what_it_says_comes_first():
    html = to_html(Answer(headline="shop", conditions=["seed 1"], finding="Split it.", warnings=["few"]))
    assert html == "<p><strong>Split it.</strong></p>\n<p>shop<br>seed 1</p>\n<ul><li>few</li></ul>"
    assert to_html(Answer(headline="shop", conditions=["seed 1"])) == "<p><strong>shop</strong><br>seed 1</p>"
    assert to_html(Answer()) == ""


def test_every_text_is_escaped():
    evil = "<img src=x>"
    table = Table([evil, evil], [[evil], [evil, evil]])
    one = Answer(
        headline=evil, conditions=[evil], sections=[(evil, table)], warnings=[evil], finding=evil, interrupted=True,
    )  # fmt: skip
    html = to_html(Answer(sections=[(one,)]))
    assert "<img" not in html
    assert html.count("&lt;img src=x&gt;") == 10
    assert "interrupted: " in html


def test_a_table_has_a_head_unless_it_is_empty_and_names_are_to_the_left():
    html = to_html(Answer(sections=[(Table(["unit", "cores"], [["split"], ["front", "2"]]),)]))
    assert (html.count("<th "), html.count("<td ")) == (2, 3)
    assert '<td colspan="2" style="text-align:left;' in html
    assert (html.count("text-align:left"), html.count("text-align:right")) == (3, 2)
    assert "<th" not in to_html(Answer(sections=[(Table(["", ""], [["front", "2"]]),)])).replace("<thead>", "")
    assert to_html(Answer(sections=[(Table(["unit"], []),)])) == ""
