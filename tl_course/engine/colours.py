"""How do pixels of any depth and colour space become 8-bit sRGB? In bands: memory is limited."""

import functools
import io

import numpy as np
from PIL import Image, ImageCms

BAND = 1_000_000  # pixels converted at a time
SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "LAB": "LAB"}  # of profiles, and Pillow's mode
FITTING = {  # first letters of the modes of pictures that a profile can speak of
    "RGB": "RP1LIFY", "L": "1LIF", "CMYK": "C", "LAB": "L",
}  # fmt: skip
LARGEST = 8_000_000  # bytes of a profile; of a larger one the rest is missing
DAMAGED = "its colour profile is damaged or of another kind: colours are taken as they are"
CUBE = np.stack(np.meshgrid(*[np.arange(0, 256, 51, dtype="uint8")] * 3), -1).reshape(6, 36, 3)


def in_rgb(photograph, size, scale=1):
    """(an RGB picture of `size`, notes): a loaded photograph, made `scale` times smaller.

    What lies beyond scale x size is cut off. What is transparent lies on white. 16-bit grey becomes
    value / 257; of 32 bits see `_ends`. Colours are those of the embedded profile.
    """
    to_srgb, notes = None, ()
    if "icc_profile" in photograph.info:
        content = photograph.info["icc_profile"] or b""
        to_srgb, notes = _profile(content[:LARGEST], photograph.mode)
    as_it_is = photograph.mode == "RGB" and not photograph.has_transparency_data and not to_srgb
    if as_it_is and photograph.size == size and scale == 1:
        return photograph, notes
    ends, small = _ends(photograph), Image.new("RGB", size)
    for top, band in _bands(photograph, size, scale):
        part = _flat(band, ends, to_srgb)
        small.paste(part.reduce(scale) if scale > 1 else part, (0, top // scale))
    return small, notes


def _bands(photograph, size, scale=1):
    """(its top, a band of the photograph) from top to bottom; heights divide by the scale."""
    width, height = (scale * length for length in size)
    rows = max(1, BAND // width // scale) * scale
    for top in range(0, height, rows):
        yield top, photograph.crop((0, top, width, min(top + rows, height)))


def _flat(band, ends, to_srgb):
    """A band as RGB: its grey in 8 bits, its colours in sRGB, and laid on white."""
    if band.mode[0] in "IF":
        band = _in_8_bits(band, *ends)
    alpha = None
    if band.has_transparency_data:
        band = band.convert("RGBA")
        alpha, band = band.getchannel("A"), band.convert("RGB")
    if to_srgb:
        band = ImageCms.applyTransform(band.convert(to_srgb.input_mode), to_srgb)
    if alpha is None:
        return band if band.mode == "RGB" else band.convert("RGB")
    white = Image.new("RGB", band.size, "white")
    white.paste(band, mask=alpha)
    return white


def _ends(photograph):
    """(darkest, brightest) value of a picture of 16 or 32 bits; (0, 255) of any other.

    32-bit integers and floats tell no range: 0..1, 0..255 or 0..65535 if the brightest pixel
    reaches an eighth of it, else from the picture's darkest pixel to its brightest.
    """
    if photograph.mode not in ("I", "F"):
        return 0, 65535 if "16" in photograph.mode else 255
    low, high = np.inf, -np.inf
    for _, band in _bands(photograph, photograph.size):
        values = np.asarray(band, dtype="float64")
        numbers = values[np.isfinite(values)]
        low, high = numbers.min(initial=low), numbers.max(initial=high)
    if low > high:
        raise ValueError("none of its pixels is a number")
    tops = [top for top in (1, 255, 65535) if low >= 0 and top / 8 < high <= top]
    return (0, tops[0]) if tops else (float(low), float(high))


def _in_8_bits(band, low, high):
    """Grey values of 16 or 32 bits as a grey picture of 8; what has no number is dark."""
    values = np.asarray(band).astype("float64")
    numbers = np.clip(np.nan_to_num(values, nan=low), low, high)
    grey = 255 * (numbers - low) / (high - low or 1)
    grey[values == band.info.get("transparency")] = 255
    return Image.fromarray(grey.round().astype("uint8"))


@functools.lru_cache(maxsize=4)  # a camera writes the same profile into every picture
def _profile(content, mode):
    """(transform to sRGB or None where there is nothing to do, notes) of an embedded profile."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        source = SPACES[profile.profile.xcolor_space.strip().upper()]
        if mode[0] not in FITTING[source] or (mode == "LAB") != (source == "LAB"):
            return None, (DAMAGED,)
        srgb = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(profile, srgb, source, "RGB")
        if source != "RGB":
            return transform, ()
        shifted = np.asarray(ImageCms.applyTransform(Image.fromarray(CUBE), transform))
        return (None if np.abs(shifted - CUBE.astype(int)).max() <= 2 else transform), ()
    except Exception:  # PyCMSError, TypeError, KeyError: whatever a damaged profile does
        return None, (DAMAGED,)
