"""How does one file become pixels, whatever a camera or a program wrote into it?"""

import contextlib
import threading

import numpy as np
from PIL import Image, ImageOps

Image.init()  # Pillow before 11.3 has no AVIF
FORMATS = [f for f in ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if f in Image.OPEN]
ORIENTATION = 0x0112  # EXIF's tag
LARGE = 6_000_000  # pixels to decode; WebP takes 20 bytes for each, so 17 megapixels 340 MB
ONE_AT_A_TIME = threading.Lock()  # for large ones: a thread a core would take that many times it


def read_photograph(path, *, image_size, box=None):
    """One photograph, upright, as uint8 (image_size, image_size, 3). JPEG, PNG, TIFF and the like.

    box: (left, top, right, bottom) in pixels, the object to cut out; the smallest square around it
    is taken, so that its shape is kept. Without a box, the central square of the photograph.
    What is transparent lies on white. 16-bit grey becomes value / 257. 32-bit integers and floats
    tell no range: 0..1, 0..255 or 0..65535 if the brightest pixel reaches an eighth of it, else
    from the picture's darkest pixel to its brightest. A large JPEG is decoded at 1/2, 1/4 or 1/8,
    never below 1.5 times image_size; what is large even then waits for its turn, whatever the
    thread. Raises whatever a decoder of Pillow raises, not only OSError.
    """
    with contextlib.ExitStack() as turn:
        with Image.open(path, formats=FORMATS) as photograph:
            scale = _shrink(photograph, square_in(photograph.size, box)[2], image_size)
            if photograph.width * photograph.height > LARGE:
                turn.enter_context(ONE_AT_A_TIME)
            photograph.load()
            upright = _turned(photograph)
        size = [scale * length for length in upright.size]
        return cut(_as_rgb(upright), square_in(size, box), image_size, scale)


def square_in(size, box=None):
    """(left, top, side) in whole pixels."""
    width, height = size
    left, top, right, bottom = box or (0, 0, width, height)
    around = min if box is None else max
    side = min(around(right - left, bottom - top), width, height)
    left = int(np.clip((left + right - side) // 2, 0, width - side))
    return left, int(np.clip((top + bottom - side) // 2, 0, height - side)), side


def _shrink(photograph, side, image_size):
    """Have a large JPEG decoded so many times smaller: 8, 4, 2 or 1.

    Only where that divides its sides: the decoder fills the last pixel up, and a picture that is
    turned afterwards would be off by a part of one.
    """
    for scale in (8, 4, 2):
        fits = not any(length % scale for length in photograph.size)
        small = [length // scale for length in photograph.size]
        if fits and side >= 1.5 * image_size * scale and photograph.mode in ("RGB", "L"):
            return scale if photograph.draft(None, small) else 1
    return 1


def _turned(photograph):
    """Upright, as its camera says; as it is where the EXIF is damaged: the pixels are not."""
    try:
        if photograph.getexif().get(ORIENTATION, 1) == 1:
            return photograph  # not a copy: of a large one it takes 70 MB
        return ImageOps.exif_transpose(photograph)
    except Exception:  # SyntaxError, TypeError, struct.error and more
        return photograph


def _as_rgb(photograph):
    """As 8-bit RGB, which `convert` alone does not make of deep and of transparent pictures."""
    if photograph.mode[0] in "IF":
        return Image.fromarray(_in_8_bits(photograph)).convert("RGB")
    if photograph.has_transparency_data:
        white = Image.new("RGBA", photograph.size, "white")
        photograph = Image.alpha_composite(white, photograph.convert("RGBA"))
    return photograph if photograph.mode == "RGB" else photograph.convert("RGB")


def _in_8_bits(photograph):
    """The grey values of 16 or 32 bits as uint8 (height, width)."""
    values = np.asarray(photograph).astype("float64")
    low, high = np.nanmin(values), np.nanmax(values)
    tops = [top for top in (1, 255, 65535) if low >= 0 and top / 8 < high <= top]
    if tops or "16" in photograph.mode:
        low, high = 0, 65535 if "16" in photograph.mode else tops[0]
    grey = 255 * (np.nan_to_num(values, nan=low) - low) / (high - low or 1)
    grey[values == photograph.info.get("transparency")] = 255
    return grey.round().astype("uint8")


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
