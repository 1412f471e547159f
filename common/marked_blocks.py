"""A page that people write, with blocks in it that a program fills."""


def fill(page, name, text):
    """Replace what stands between `<!-- NAME: make readme -->` and `<!-- end of NAME -->`.

    page: a Path. Raises ValueError, and leaves the page alone, where a mark is missing.
    """
    begin, end = f"<!-- {name}: make readme -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page.name} lacks the line {begin!r} or {end!r}.")
    filled = f"{before}{begin}\n{text}\n{end}{after}"
    page.write_text(filled, encoding="utf-8", newline="\n")
