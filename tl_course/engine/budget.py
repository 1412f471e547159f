"""How much memory may decoding take? 470 MB for all threads together, known before it begins."""

import contextlib
import os
import threading

from tl_course.engine import bare, computer

MOST = 470_000_000  # bytes, beside the pixels that are returned
WHOLE = 150_000_000  # bytes of a WebP, AVIF, HEIC or GIF, which decoders read whole, some thrice
AROUND = 20_000_000  # bytes of what is written around the pixels of a JPEG, PNG or TIFF
DECODED = 4  # bytes a pixel in Pillow, of nearly every kind
BESIDE = {"WEBP": 20, "AVIF": 16, "HEIF": 9}  # decoders that hold copies of their own; measured
READ_WHOLE = (*BESIDE, "GIF")
ORIENTATION, STRIP = 0x0112, 0x0116  # tags of TIFF: turned while loading; rows decoded at once


class Refused(ValueError):
    """A picture that is not decoded, and in words why not."""


class Budget:
    """Bytes that threads take and give back; who asks for more than is left waits."""

    def __init__(self, total):
        self.left, self.changed = total, threading.Condition()

    @contextlib.contextmanager
    def take(self, amount):
        """Hold an amount, at most the total, while the block runs."""
        with self.changed:
            self.changed.wait_for(lambda: amount <= self.left)
            self.left -= amount
        try:
            yield
        finally:
            with self.changed:
                self.left += amount
                self.changed.notify_all()


DECODING = Budget(MOST)


def check_file(path, kind):
    """Look at a file of a kind ("JPEG" ...) before it is opened: opening takes memory, too.

    Refused where it is too large, ValueError where so much is written around its pixels.
    """
    size = os.path.getsize(path)
    if kind in READ_WHOLE and size > WHOLE:
        allowed = f"at most {WHOLE / 1e6:.0f} are read"
        raise Refused(f"it is a file of {size / 1e6:,.0f} MB: of {kind} {allowed}")
    if kind in bare.KINDS and size > AROUND:
        with open(path, "rb") as file:
            notes = bare.notes_size(file, kind)
        if notes > AROUND:
            allowed = f"at most {AROUND / 1e6:.0f} are read"
            raise ValueError(f"{notes / 1e6:,.0f} MB are written around its pixels, {allowed}")


def check_room(number, image_size):
    """ValueError if so many pictures, RGB of image_size x image_size, do not fit into memory."""
    needs, free = number * 3 * image_size**2, computer.free_memory()
    if needs > free:
        raise ValueError(
            f"{number:,} pictures of {image_size} x {image_size} pixels take "
            f"{needs / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free: choose a smaller "
            f"image_size or fewer pictures."
        )


def needed(photograph, *, file_size, size, scale, shrunk):
    """Bytes to decode an opened photograph and to make RGB of it; Refused where that is too many.

    file_size: in bytes. size: (width, height) as in the file. scale: it is decoded so many times
    smaller. shrunk: and afterwards made so many times smaller still.
    """
    width, height = (length // scale for length in size)
    bytes_each = BESIDE.get(photograph.format, DECODED) + 2 * DECODED / shrunk**2
    amount = width * height * bytes_each + _of_decoder(photograph, size)
    amount += file_size if photograph.format in READ_WHOLE else 0
    if amount > MOST:
        pixels = size[0] * size[1] / 1e6
        raise Refused(
            f"it has {pixels:,.0f} megapixels, which take {amount / 1e6:,.0f} MB to decode as "
            f"{photograph.format}, and {MOST / 1e6:.0f} are allowed: save it smaller, or as a "
            f"JPEG that is not progressive"
        )
    return amount


def _of_decoder(photograph, size):
    """Bytes that a decoder holds beside the pixels: JPEG's coefficients, a strip of TIFF."""
    width, height = size
    if photograph.format == "JPEG" and not _is_in_one_scan(photograph):
        samples = [across * down for _, across, down, _ in photograph.layer]
        return 2 * width * height * sum(samples) / max(1, max(samples))
    if photograph.format == "TIFF":
        tags = photograph.tag_v2
        turned = height if tags.get(ORIENTATION, 1) != 1 else 0
        is_packed = photograph.tile[0][0] == "libtiff"
        strip = 2 * min(height, tags.get(STRIP, height)) if is_packed else 0
        return width * DECODED * (turned + strip)
    return 0


def _is_in_one_scan(photograph):
    """Does a JPEG, just opened, hold its colours side by side? Else all must be kept until the end.

    Pillow has then read up to the end of the header of the first scan, which tells its colours.
    """
    length = 6 + 2 * photograph.layers
    end = photograph.fp.tell()
    photograph.fp.seek(end - length)
    header = photograph.fp.read(length)
    return "progressive" not in photograph.info and header[:3] == bytes(
        [0, length, photograph.layers]
    )
