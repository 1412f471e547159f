"""What is written around the pixels of a file, such as EXIF: how much, and what is without it?"""

import io
import struct

KINDS = ("JPEG", "PNG", "TIFF")
LARGEST = 30_000_000  # bytes of pixels, packed, that are taken into memory
CHUNKS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # of PNG: needed for the pixels
NOTES = {0xFE, *range(0xE1, 0xF0)} - {0xEE}  # of JPEG: comments, EXIF, profiles; 0xEE tells colours
SCAN = 0xDA
LAYOUTS = {42: ("4xI", "H", "HHI4x"), 43: ("8xQ", "Q", "HHQ8x")}  # of TIFF: place, number, a tag
UNITS = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}  # bytes of TIFF's types, others 1


def notes_size(file, kind):
    """The bytes of an open JPEG, PNG or TIFF that are no pixels and are no help to decode these."""
    if kind == "TIFF":
        return _tags_size(file)
    return sum(end - start for is_note, start, end in _parts(file, kind) if is_note)


def without_notes(file, kind):
    """The bytes of a JPEG or PNG without its notes; ValueError for another or a large one."""
    kept = [(start, end) for is_note, start, end in _parts(file, kind) if not is_note]
    size, parts = sum(end - start for start, end in kept), []
    if size > LARGEST:
        raise ValueError(f"{size:,} bytes are no notes: expected at most {LARGEST:,}")
    for start, end in kept:
        file.seek(start)
        parts.append(file.read(end - start))
    return b"".join(parts)


def _parts(file, kind):
    """(is it a note?, start, end) of each part of a JPEG or PNG, in their order."""
    if kind not in ("JPEG", "PNG"):
        raise ValueError(f"Got a file of kind {kind!r}: choose from JPEG, PNG.")
    size = file.seek(0, io.SEEK_END)
    yield from (_segments if kind == "JPEG" else _chunks)(file, size)


def _segments(file, size):
    """Of JPEG: two bytes, then 0xFF, what it is, its length in two bytes that count, its content.

    After the header of the first scan come pixels up to the end.
    """
    yield False, 0, 2
    place, head = 2, b""
    while place + 4 <= size:
        file.seek(place)
        head = file.read(4)
        if head[1] == SCAN:
            break
        end = min(size, place + 2 + max(2, int.from_bytes(head[2:], "big")))
        yield head[1] in NOTES, place, end
        place = end
    yield False, place, size


def _chunks(file, size):
    """Of PNG: eight bytes, then length in four bytes, name in four, content, checksum in four."""
    yield False, 0, 8
    place = 8
    while place + 8 <= size:
        file.seek(place)
        head = file.read(8)
        end = min(size, place + 12 + int.from_bytes(head[:4], "big"))
        yield head[4:] not in CHUNKS, place, end
        place = end


def _tags_size(file):
    """Bytes of the tags of a TIFF's first picture, also of a BigTIFF; ValueError for others."""
    file.seek(0)
    head = file.read(16)
    order = "<" if head[:2] == b"II" else ">"
    version = struct.unpack(f"{order}2xH", head[:4])[0]
    if version not in LAYOUTS:
        raise ValueError(f"Got a TIFF of version {version}: choose from {list(LAYOUTS)}.")
    place, number, tag = (struct.Struct(order + layout) for layout in LAYOUTS[version])
    file.seek(place.unpack_from(head)[0])
    count = number.unpack(file.read(number.size))[0]
    tags = tag.iter_unpack(file.read(tag.size * count))
    return sum(length * UNITS.get(kind, 1) for _, kind, length in tags)
