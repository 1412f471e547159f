"""How does one file become pixels, whatever a camera or a program wrote into it?"""

import contextlib
import io
import os
import struct
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageOps, JpegImagePlugin

from tl_course.engine import bare, budget, colours, computer

with contextlib.suppress(ImportError):  # the extra `heic`
    import pillow_heif

    pillow_heif.register_heif_opener()

Image.init()  # Pillow before 11.3 has no AVIF
KINDS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
FORMATS = [kind for kind in KINDS if kind in Image.OPEN]
READERS = {"JPEG": JpegImagePlugin.JpegImageFile}  # in MPO files, too: the first picture
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
ORIENTATION, REDUCED = 0x0112, 0x00FE  # tags of EXIF and TIFF
LARGE = 6_000_000  # pixels; what is larger is made smaller before anything else is done with it
LONGEST = 200  # letters of a reason
LONGEST_EXIF = 10_000_000  # bytes
NOT_FIRST = "it is animated or holds several pictures: the first one is used"
UNTURNED = "its EXIF or another note in it is damaged: it is used unturned, as it lies in the file"
NO_HEIC = (
    "it is HEIC: the extra `heic` reads it (`pip install pillow-heif`, then start anew), or save "
    "it as JPEG"
)


def read_photograph(path, *, image_size, box=None):
    """One photograph, upright, as uint8 (image_size, image_size, 3): the pixels of `read`."""
    return read(path, image_size=image_size, box=box)[0]


def read(path, *, image_size, box=None):
    """(pixels uint8 (image_size, image_size, 3), notes): one photograph, upright, in sRGB.

    box: (left, top, right, bottom) in pixels, the object to cut out; the smallest square around it
    is taken, so that its shape is kept. Without a box, the central square of the photograph.
    Colours as `colours.in_rgb` makes them. A large picture is decoded or made 2, 4 or 8 times
    smaller, never below 1.5 times image_size. notes: in words, what is odd about a file that can be
    used all the same. Raises whatever a decoder of Pillow raises, not only OSError, and Refused, a
    ValueError, for a file that is no picture or would take too much memory.
    """
    photograph, damage = opened(path)
    with photograph:
        full = photograph.size
        scale = scale_for(full, square_in(full, box)[2], image_size)
        is_large = full[0] * full[1] > LARGE
        drafted = scale if photograph.format == "JPEG" else 1
        shrunk = scale if is_large and drafted == 1 else 1
        sizes = {"file_size": os.path.getsize(path), "size": full}
        needs = budget.needed(photograph, **sizes, scale=drafted, shrunk=shrunk)
        with budget.DECODING.take(needs):
            rgb, notes = _decoded(photograph, drafted, shrunk)
            upright, turning = _turned(rgb, photograph)
            whole = [drafted * shrunk * length for length in upright.size]
            pixels = cut(upright, square_in(whole, box), image_size, drafted * shrunk)
        return pixels, (*damage, *notes, *turning, *_frames(photograph))


def _decoded(photograph, drafted, shrunk):
    """(RGB, notes) of an opened photograph, decoded and then made so many times smaller."""
    size = tuple(length // drafted for length in photograph.size)
    if drafted > 1:
        photograph.draft(None, size)
    photograph.load()
    if drafted == 1:  # a TIFF turns itself while it is loaded
        size = tuple(length // shrunk for length in photograph.size)
    return colours.in_rgb(photograph, size, shrunk)


def opened(path):
    """(a file as a picture of Pillow, not decoded yet; notes). Raises Refused if it is none.

    `Image.open` would refuse a JPEG of 200 megapixels, which draft mode decodes in little memory.
    """
    if not os.path.getsize(path):  # nor what only looks like a file, such as those in /proc
        raise budget.Refused("it is empty")
    with open(path, "rb") as file:
        start = file.read(32)
    errors = {}
    for kind in FORMATS:
        factory, accepts = Image.OPEN[kind]
        if accepts(start) is True:
            try:
                return _opened_as(kind, str(path), READERS.get(kind, factory))
            except budget.Refused:
                raise
            except Exception as error:  # such as SyntaxError: the next kind may read it
                errors[kind] = error
    is_heic = start[4:8] == b"ftyp" and any(brand in start for brand in HEIC_BRANDS)
    if is_heic and "HEIF" not in FORMATS:
        raise budget.Refused(NO_HEIC)
    for kind, error in errors.items():
        is_large = isinstance(error, Image.DecompressionBombError)
        what = "too large a" if is_large else "a damaged"
        raise budget.Refused(f"it is {what} {kind}: {error}") from error
    raise budget.Refused(f"it is none of {', '.join(FORMATS)}")


def _opened_as(kind, path, factory):
    """(the picture, notes), where need be without what is written around its pixels."""
    try:
        budget.check_file(path, kind)
        if kind == "PNG":
            factory(path).verify()  # checksums: decoding alone does not see each wrong bit
        return _opened_by(factory, path), ()
    except budget.Refused:
        raise
    except Exception:
        with contextlib.suppress(Exception), open(path, "rb") as file:
            content = bare.without_notes(file, kind)
            if kind == "PNG":
                factory(io.BytesIO(content)).verify()
            return _opened_by(factory, io.BytesIO(content)), (UNTURNED,)
        raise


def _opened_by(factory, file):
    """The picture; Refused where it is only a preview of itself."""
    photograph = factory(file)
    if photograph.format == "TIFF" and photograph.tag_v2.get(REDUCED, 0) & 1:
        photograph.close()
        raise budget.Refused("it holds a preview first, like a camera's raw file: save it as JPEG")
    return photograph


def read_all(paths, *, image_size):
    """Every photograph that can be read: (uint8 (n, size, size, 3), reasons, notes).

    reasons: {place in paths: why it cannot be read}; n is the number of the others. notes: {place:
    what is odd}. ValueError where so many would not fit into the memory.
    """
    budget.check_room(len(paths), image_size)
    images = np.empty((len(paths), image_size, image_size, 3), np.uint8)
    reasons, notes = {}, {}

    def read_one(k):
        try:
            images[k], found = read(paths[k], image_size=image_size)
            if found:
                notes[k] = "; ".join(found)
        except Exception as error:  # a decoder raises what it likes
            text = getattr(error, "strerror", None) or str(error)
            reasons[k] = " ".join(text.split())[:LONGEST] or type(error).__name__

    in_threads(read_one, range(len(paths)))
    good = [k for k in range(len(paths)) if k not in reasons]
    for place, k in enumerate(good if reasons else ()):  # in place: a copy may be a gigabyte
        images[place] = images[k]
    return images[: len(good)], dict(sorted(reasons.items())), dict(sorted(notes.items()))


def in_threads(function, *items):
    """[function(item), ...] in order, a thread a core: decoding lets other threads run."""
    with warnings.catch_warnings(), ThreadPoolExecutor(computer.usable_cores()) as pool:
        warnings.filterwarnings("ignore", module="PIL")  # about files; notes tell what matters
        return list(pool.map(function, *items))


def square_in(size, box=None):
    """(left, top, side) in whole pixels."""
    width, height = size
    left, top, right, bottom = box or (0, 0, width, height)
    around = min if box is None else max
    side = min(around(right - left, bottom - top), width, height)
    left = int(np.clip((left + right - side) // 2, 0, width - side))
    return left, int(np.clip((top + bottom - side) // 2, 0, height - side)), side


def scale_for(size, side, image_size):
    """How many times smaller a picture may be decoded to cut a square out of it: 8, 4, 2 or 1.

    Only where that divides its sides: the decoder fills the last pixel up, and a picture that is
    turned afterwards would be off by a part of one. Of a large one, up to 7 pixels are cut off.
    """
    is_large = size[0] * size[1] > LARGE
    for scale in (8, 4, 2):
        fits = is_large or not any(length % scale for length in size)
        if fits and side >= 1.5 * image_size * scale:
            return scale
    return 1


def _turned(rgb, photograph):
    """(upright, notes), as its camera says; as it is where the EXIF is damaged: pixels are not."""
    try:
        if block := photograph.info.get("exif"):
            _check_exif(block.removeprefix(b"Exif\0\0"))
        exif = photograph.getexif()
        turn = exif.get(ORIENTATION, 1)
        if turn == 1:
            return rgb, ()
        exif.tobytes()  # fails where another tag is damaged
        rgb.getexif()[ORIENTATION] = turn
        return ImageOps.exif_transpose(rgb), ()
    except Exception:  # SyntaxError, TypeError, struct.error and more
        return rgb, (UNTURNED,)


def _check_exif(block):
    """ValueError or struct.error if it announces more tags than it holds: Pillow takes what is.

    Also if it is of such a size that no camera writes: Pillow makes several copies.
    """
    order = "<" if block[:2] == b"II" else ">"
    start = struct.unpack(f"{order}I", block[4:8])[0]
    count = struct.unpack(f"{order}H", block[start : start + 2])[0]
    if len(block) < start + 2 + 12 * count or len(block) > LONGEST_EXIF:
        raise ValueError(f"{count} tags are announced in {len(block)} bytes")


def _frames(photograph):
    """The note for a file of several pictures; what follows the first may be damaged."""
    try:
        return (NOT_FIRST,) if getattr(photograph, "is_animated", False) else ()
    except Exception:  # looking for a second picture may raise what decoding may
        return ()


def cut(photograph, square, image_size, scale=1):
    """The square (left, top, side) of a photograph that was decoded `scale` times smaller."""
    left, top, side = square
    edges = np.array([left, top, left + side, top + side]) / scale
    first, last = np.floor(edges[:2]), np.ceil(edges[2:])
    part, inside = photograph.crop((*first, *last)), edges - np.tile(first, 2)
    new_size = (image_size, image_size)
    return np.asarray(part.resize(new_size, Image.Resampling.BILINEAR, box=tuple(inside)))


def digits(image_size):
    """Handwritten digits of scikit-learn, grey: uint8 (n, size, size, 3), and labels (n,)."""
    from sklearn.datasets import load_digits

    found, size = load_digits(), (image_size, image_size)
    grey = [Image.fromarray(np.uint8(one * 255 / 16)).resize(size) for one in found.images]
    return np.repeat(np.stack(grey)[..., None], 3, axis=3), found.target.astype("int64")
