"""What is left of a JPEG or PNG without all that is written around its pixels, such as EXIF?"""

import io

CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # of PNG: needed for the pixels
NOTES = {0xFE, *range(0xE1, 0xF0)} - {0xEE}  # of JPEG: comments, EXIF, profiles; 0xEE tells colours
SCAN = 0xDA


def without_notes(content, kind):
    """The bytes of a JPEG or PNG as a file without its notes. ValueError for another kind."""
    if kind not in ("JPEG", "PNG"):
        raise ValueError(f"Got a file of kind {kind!r}: choose from JPEG, PNG.")
    return io.BytesIO(_jpeg(content) if kind == "JPEG" else _png(content))


def _jpeg(content):
    """Two bytes, then segments: 0xFF, what it is, its length in two bytes that count, its content.

    After the header of the first scan come pixels up to the end.
    """
    kept, place = content[:2], 2
    while place + 4 <= len(content) and content[place + 1] != SCAN:
        end = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
        if content[place + 1] not in NOTES:
            kept += content[place:end]
        place = end
    return kept + content[place:]


def _png(content):
    """Eight bytes, then chunks: length in four bytes, name in four, content, checksum in four."""
    kept, place = content[:8], 8
    while place + 8 <= len(content):
        end = place + 12 + int.from_bytes(content[place : place + 4], "big")
        if content[place + 4 : place + 8] in CHUNKS:
            kept += content[place:end]
        place = end
    return kept
