"""How a drawn scene gets its materials: noise, palettes, relief, light (look_alikes).

A scene has coordinates x, y, a colour, a height, a light and a source of random numbers; a material
is laid into it wherever its outline says.
"""

import functools

import numpy as np
from PIL import Image

TILE = 512  # pixels along a tile of noise; a power of two, so that & wraps around
COLOURS = {  # hexadecimal, from dark to light
    "cream": "7d5a38 c9a878 e8d2a8 f6ecd2", "ivory": "7a6455 bda692 dfc9b4 f5eee0",
    "rose": "7d4038 b9785f d9a98a eed3ba", "gold": "5f2c0c b06a1e d8a650 f0d898",
    "red": "36060a 701412 a32b1a cc5a34", "brown": "2a0f0a 5b2415 8e4a28 bd7c4c",
    "dark": "120605 330d0b 571a14 8d4030", "night": "10151c 2c2624",
    "blue": "16304f 2b4d78", "teal": "1f433d 3b6a62", "steel": "6c7275 9a9fa0",
    "plate": "b9b5aa e6e2d8", "board": "4a2e1c 7a5433",
}  # fmt: skip
PALETTES = {  # the same, blended to 256 tones: float32 (256, 3) in 0..1
    name: np.asarray(Image.frombytes("RGB", (stops.count(" ") + 1, 1), bytes.fromhex(stops))
                     .resize((256, 1), Image.BILINEAR), np.float32)[0] / 255
    for name, stops in COLOURS.items()
}  # fmt: skip
MATERIALS = {  # colours; tone: base, cloud, crumb; scale; folds, roughness; thickness; edge; holes
    "table": ("night blue teal steel plate board", 0.1, 0.6, 0, (0.5, 3), 0.01, 0, 0, 0.05, 0),
    "sheet": ("cream ivory rose cream ivory gold", 0.35, 0.5, 0, (0.4, 1), 0.03, 0, 0.08, 0.02, 0),
    "cheese": ("cream ivory gold cream", 0.25, 0.5, 0.15, (0.6, 2), 0.04, 0.01, 0.08, 0.03, 0.45),
    "mass": ("red brown dark red brown gold", 0, 0.6, 0.4, (1.5, 6), 0.03, 0.08, 0.05, 0.05, 0),
    "lump": ("gold ivory cream rose red brown", 0.1, 0.4, 0.4, (3, 7), 0.02, 0.07, 0.08, 0.15, 0),
    "cord": ("ivory cream ivory rose", 0.55, 0.3, 0.2, (1, 3), 0, 0.01, 0.04, 0.02, 0),
    "stain": ("gold brown red dark brown red", 0.3, 0.5, 0, (1, 3), 0, 0, 0, 0.3, 0.7),
}  # fmt: skip


@functools.cache
def tiles():
    """Seamless noise, float32 (TILE, TILE) in 0..1, by name: smooth "cloud", knobbly "crumb"."""
    waves = np.hypot(np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)) * TILE
    spectrum = np.fft.rfft2(np.random.default_rng(0).standard_normal((TILE, TILE)))
    tiles = {"cloud": np.fft.irfft2(spectrum / np.maximum(waves, 1.5) ** 1.9), "crumb": 0}
    for count in (14, 30, 60):  # waves of one length, folded at zero: round knobs, sharp creases
        wave = np.fft.irfft2(spectrum * np.exp(-4 * (waves / count - 1) ** 2))
        tiles["crumb"] += np.sqrt(np.abs(wave) / wave.std()) * 14 / count
    for name, tile in tiles.items():  # by rank, so that each tone is as frequent as any other
        tiles[name] = np.float32(tile.argsort(None).argsort() / TILE**2).reshape(TILE, TILE)
    return tiles


def noise(scene, kind, scale, box=..., stretch=1.0):
    """A random window of a noise tile over a box of the scene, 0..1; a larger scale is finer."""
    across, down = scene.random.integers(4 * TILE, 5 * TILE, 2).astype(np.float32)
    columns = (scene.x[box] * (stretch * scale * TILE / 8) + across).astype(np.int32) & (TILE - 1)
    rows = (scene.y[box] * (scale * TILE / 8) + down).astype(np.int32) & (TILE - 1)
    return tiles()[kind].take(rows * TILE + columns)


def blur(field, radius):
    """`field` (h, w) smoothed over about `radius` pixels by shrinking and enlarging, float32."""
    image = Image.fromarray(np.float32(field))
    small = image.resize([max(2, round(side / radius)) for side in image.size], Image.BILINEAR)
    return np.asarray(small.resize(image.size, Image.BICUBIC))


def shadow(cover, reach):
    """Return how dark it is beside what covers (h, w); reach: two numbers of pixels."""
    margin = max(9, int(np.abs(reach).max()) + 1)  # 9 in pictures up to 224 px
    right, down = np.rint(margin - reach).astype(int)
    beside = np.pad(cover, margin, "edge")[down:, right:]
    return blur(beside[: len(cover), : cover.shape[1]], 4)


def lay(scene, inside, material, dome=0.0):
    """Lay a material where `inside`, the distance within its outline, is positive (s, s)."""
    random, (colours, base, cloudy, crumbly, *shape) = scene.random, MATERIALS[material]
    scales, fold, rough, thick, edge, holes = shape
    if holes:
        spots = noise(scene, "cloud", random.uniform(0.8, 4)) - holes * random.uniform(0.4, 1.2)
        inside = np.minimum(inside, 0.3 * spots)
    cover = np.float32(inside / edge + 0.5).clip(0, 1)
    used = [np.flatnonzero(cover.any(axis)) for axis in (1, 0)]
    if not used[0].size:
        return  # out of the picture
    box = tuple(slice(max(0, along[0] - 12), along[-1] + 13) for along in used)  # saves time
    cover, dome = cover[box], np.broadcast_to(np.float32(dome), cover.shape)[box]
    scale = random.uniform(*scales)
    cloud = noise(scene, "cloud", scale, box, random.choice([0.4, 1.0]).item())
    crumb = noise(scene, "crumb", scale / 2, box) if rough else 0
    first, second = (PALETTES[name] for name in random.choice(colours.split(), 2))
    mix = np.linspace(0, 1 if thick else 0, 16, dtype=np.float32)[:, None, None]
    paints = (first + mix * (second - first)) * np.float32(random.normal(1, 0.03, 3))
    patch = (48 * scene.drift[box] - random.uniform(20, 48)).clip(0, 15).astype(np.int32)
    tone = (255 * (base + cloudy * cloud + crumbly * crumb)).clip(0, 255).astype(np.int32)
    paint = paints.reshape(-1, 3).take(patch * 256 + tone, 0)
    if thick:
        shade = shadow(cover, scene.light * len(scene.x) * thick / 2)
        scene.colour[box] *= 1 - (0.6 * shade * (1 - cover))[..., None]
    scene.colour[box] += cover[..., None] * (paint - scene.colour[box])
    raised = blur(cover, 5) * thick + np.abs(2 * cloud - 1) * fold + crumb * rough + dome
    scene.height[box] += cover * (raised - scene.height[box] * (0.6 if thick else 0))


def lit(scene):
    """The scene under one lamp, exposed, float32 (s, s, 3): soft shading, wet highlights."""
    random, height, light = scene.random, scene.height * (len(scene.x) / 2), scene.light
    down, across = np.gradient(height)
    facing = (across * light[0] + down * light[1]) / np.sqrt(1 + down**2 + across**2)
    shade = (1 + 0.5 * facing) * (1 + 0.04 * (height - blur(height, 10))).clip(0.5, 1.2)
    # Red light travels further under a wet surface than blue, so its shading is blurred more.
    shades = np.stack([blur(shade, 3), blur(shade, 1.6), shade], -1)
    down, across = np.gradient(blur(height, 2))
    wet = np.exp(-25 * ((across - light[0] / 2) ** 2 + (down - light[1] / 2) ** 2))
    wet *= random.uniform(0.1, 1) * (noise(scene, "cloud", 4) > 0.4)
    pixels = scene.colour * shades + blur(wet, 1.2)[..., None]
    # Exposure, cast and contrast have the same range in both classes: colour must be no clue.
    mean = pixels.mean((0, 1))
    gain = random.uniform(0.32, 0.54) * random.normal([1.3, 0.95, 0.72], 0.06) / mean
    gain = gain.mean() * (gain / gain.mean()).clip(0.94, 1.07)  # more would turn pasta purple
    contrast = random.uniform(0.16, 0.25) / (pixels.mean(2).std() * gain.mean())
    return (mean + (pixels - mean) * np.float32(contrast.clip(0.6, 1.6))) * np.float32(gain)


def with_ruler(random, scene, pixels):
    """`pixels` with a centimetre ruler along one side, in a random colour, place and angle."""
    x, y = scene.column, scene.row
    turn = np.exp(1j * (np.pi / 2 * random.integers(4) + random.normal(0, 0.15)))
    place, width, step = random.uniform([0.45, 0.25, 0.04], [0.7, 0.4, 0.06])
    along, depth = (turn.real * x - turn.imag * y) / step, turn.imag * x + turn.real * y - place
    length = width * np.where(np.abs(along % 5 - 0.5) < 0.5, 0.6, 0.35)  # every fifth tick is long
    tick = (np.abs(along % 1 - 0.5) < 0.17) & (depth < length)
    paint = np.float32(random.choice([[0.9, 0.9, 0.85], [0.8, 0.82, 0.84], [0.9, 0.78, 0.35]]))
    cover = ((width / 2 - np.abs(depth - width / 2)) * len(pixels) / 2 + 0.5).clip(0, 1)[..., None]
    return pixels + np.float32(cover) * (np.where(tick[..., None], 0.1, paint) - pixels)
