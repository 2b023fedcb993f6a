"""What is paper in a picture: how bright it is everywhere, whether it is dark, where ink shows."""

import numpy as np
from PIL import Image
from scipy import ndimage

_WINDOW = 0.36  # of the short side: wider than any stroke, narrower than shadow and page
_ANALYSIS_SIDE = 128  # pixels; where paper, polarity and colour are judged
_MIN_CONTRAST = 0.05  # of the paper's brightness; less is not seen as ink
_MIN_SIGNAL = 7.0  # ink over paper noise, in standard deviations
_ROUNDING = 3 / 255  # differences up to this are no ink of any channel


def judge_paper(small):
    """Choose channel and polarity, and estimate the paper, on a small copy of the picture.

    Parameters
    ----------
    small : PIL.Image.Image
        Of mode L or RGB, about a hundred pixels wide.

    Returns
    -------
    channel : {"R", "G", "B"} or None
        Where ink shows best; None is grey.
    inverted : bool
        Whether the ink is light on dark paper.
    paper : ndarray of shape (height, width), float32
        Brightness of the paper, 0 to 1; of inverted ones that of the negative.
    """
    channels = {None: small.convert("L")}
    if _is_coloured(small):
        # A yellow pen shows in blue only; grey is less noisy and therefore preferred.
        channels |= {band: small.getchannel(band) for band in "RGB"}
    window = max(3, round(max(_WINDOW * min(small.size), _WINDOW / 2 * max(small.size))) | 1)
    best = (-1.0, None, False, None)
    for name, image in channels.items():
        grey = np.asarray(image, dtype=np.float32) / np.float32(255)
        slope = _light_slope(grey)
        grey = grey - slope
        # Noise must not lift the closing, which follows the lightest pixels.
        calm = ndimage.gaussian_filter(grey, 0.8) if min(small.size) > 48 else grey
        light, dark = _paper_limits(calm, slope, window)
        inverted = _paper_is_dark(calm, light, dark)
        paper = 1 - dark - slope if inverted else light + slope
        depth = grey - dark if inverted else light - grey
        # Where paper is at the end of the scale, rounding alone would be strong ink beside it.
        depth = np.where(depth > _ROUNDING, depth, 0)
        ink = depth / (np.maximum(paper, 0) + np.float32(0.02))
        energy = float(np.square(np.clip(ink, 0, 1)).mean())
        if energy * (1.0 if name is None else 0.4) > best[0]:
            best = (energy, name, inverted, paper)
    return best[1:]


def _paper_limits(grey, slope, window):
    """The paper if ink is dark and if it is light: closing and opening, with slope and without.

    Without it they see one side only at the picture's edge; with it they fill the dip that is left
    of a deep shadow. At each pixel the one that keeps closer to the picture is taken.
    """
    size, as_seen = (window, window), grey + slope
    light = ndimage.grey_closing(as_seen, size=size) - slope
    dark = ndimage.grey_opening(as_seen, size=size) - slope
    return (
        np.minimum(light, ndimage.grey_closing(grey, size=size)),
        np.maximum(dark, ndimage.grey_opening(grey, size=size)),
    )


def _is_coloured(small):
    if small.mode != "RGB":
        return False
    pixels = np.asarray(small).astype(np.int16)
    return bool((np.ptp(pixels, axis=2) > 24).mean() > 0.002)


def _light_slope(grey):
    """Fit how the light falls off over the page: a quadratic surface of mean 0.

    A closing follows any slope but at the picture's edge, where it sees one side only. What is
    far from the surface (ink, or another shadow) does not count.
    """
    step = max(1, min(grey.shape) // 48)
    y = np.linspace(-0.5, 0.5, grey.shape[0], dtype=np.float32)[:, None]
    x = np.linspace(-0.5, 0.5, grey.shape[1], dtype=np.float32)
    few_y, few_x = np.broadcast_arrays(y[::step], x[::step])
    few = np.stack([np.ones_like(few_x), *_powers(few_x, few_y)], axis=-1).reshape(-1, 6)
    values = grey[::step, ::step].ravel()
    fit = np.zeros(6, np.float32)
    fit[0] = np.median(values)
    for _ in range(4):
        away = np.abs(values - few @ fit)
        near = away <= max(2.5 * float(np.median(away)), 0.01)
        used = few[near].astype(float)  # normal equations: a twentieth of the time
        exact = np.linalg.lstsq(used.T @ used, used.T @ values[near], rcond=1e-8)[0]
        fit = exact.astype(np.float32)
    surface = sum(a * power for a, power in zip(fit[1:], _powers(x, y), strict=True))
    return surface - surface.mean()


def _powers(x, y):
    return x, y, x * x, x * y, y * y


def _paper_is_dark(grey, light, dark):
    """Tell the polarity by what surrounds the writing.

    Strokes and the gaps between them are where closing and opening differ. Which of the two is
    ink cannot be told there, but whatever lies around the whole of it is paper.
    """
    spread = light - dark
    writing = spread > 0.5 * spread.max()
    around = ndimage.binary_dilation(writing, iterations=2) & ~writing
    around[[0, -1], :] |= writing[[0, -1], :]
    around[:, [0, -1]] |= writing[:, [0, -1]]
    # Against the writing beside it: a shadow's edge is within a wider view, and darker than paper.
    near = ndimage.gaussian_filter(writing.astype(np.float32), 2) + np.float32(1e-6)
    level = ndimage.gaussian_filter(grey * writing, 2) / near
    contrast = ndimage.gaussian_filter(spread * writing, 2) / near
    votes = (grey - level)[around] / (contrast + np.float32(0.02))[around]
    return bool(votes.sum() < 0)


def reduce_to_judge(image):
    """A copy small enough to judge paper on."""
    small = image
    if max(image.size) > _ANALYSIS_SIDE:
        small = image.copy()
        small.thumbnail((_ANALYSIS_SIDE, _ANALYSIS_SIDE), Image.Resampling.BOX)
    return small


def lift_ink(image):
    """Separate ink from paper in an opaque image: 0 on paper to 1, float32."""
    small = reduce_to_judge(image)
    left, top, right, bottom = _inside_frame(np.asarray(small.convert("L")))
    zoom = image.width / small.width, image.height / small.height
    box = [round(v * zoom[i % 2]) for i, v in enumerate((left, top, right, bottom))]
    channel, inverted, paper = judge_paper(small.crop((left, top, right, bottom)))
    page = image.crop(box)
    grey = np.asarray(page.convert("L") if channel is None else page.getchannel(channel))
    grey = (255 - grey if inverted else grey).astype(np.float32) / np.float32(255)
    if paper.shape != grey.shape:
        # Shrunk by a cell, the light side of an edge does not leak into the dark one as ink.
        paper = ndimage.minimum_filter(paper, 3)
        # Bilinear: a sharper filter overshoots at the edge of a shadow.
        paper = np.asarray(
            Image.fromarray(paper).resize(page.size, Image.Resampling.BILINEAR), dtype=np.float32
        )
    ink = _scale_ink((paper - grey) / (paper + np.float32(0.02)))
    return np.pad(ink, ((box[1], image.height - box[3]), (box[0], image.width - box[2])))


def _inside_frame(grey):
    """Find the page inside a frame or table that shows on all four sides: its box.

    Without a frame this is the whole picture.
    """
    height, width = grey.shape
    if min(height, width) < 8:
        return 0, 0, width, height
    grey = grey.astype(np.float32) / np.float32(255)
    page = np.median(grey[height // 4 : -(height // 4) or None, width // 4 : -(width // 4) or None])
    foreign = np.abs(grey - page) > 0.2
    depth, level = [], []
    for side in range(4):  # left, top, right, bottom
        lines = (foreign.T, foreign, foreign.T[::-1], foreign[::-1])[side]
        most = len(lines) // 4
        count = int(np.argmin(np.append(lines[:most].mean(axis=1) > 0.9, False)))
        depth.append(count)
        band = (grey.T, grey, grey.T[::-1], grey[::-1])[side][: max(count, 1)]
        level.append(float(np.median(band)))
    left, top, right, bottom = (count + 1 for count in depth)  # and the blurred line between
    box = left, top, width - right, height - bottom
    inner = foreign[box[1] : box[3], box[0] : box[2]]
    rims = [line.mean() for line in (inner[0], inner[-1], inner[:, 0], inner[:, -1])]
    # Paper around a stout digit is foreign to it, too; but a page shows all along its rim.
    if min(depth) < 1 or max(level) - min(level) > 0.3 or max(rims) > 0.2:
        return 0, 0, width, height
    return box


def _scale_ink(ink):
    """Bring the paper to 0 and the ink to 1; all 0 if nothing stands out of the paper."""
    # What drowns in noise, pixel by pixel, may still stand out of it when it is smoothed.
    for smoothing in (0, max(0.8, min(ink.shape) / 200)):
        shown = ndimage.gaussian_filter(ink, smoothing) if smoothing else ink
        sample = shown[:: max(1, ink.shape[0] // 400), :: max(1, ink.shape[1] // 400)].ravel()
        paper = sample[sample <= _typical(sample, _MIN_CONTRAST / 2) / 2]
        if not paper.size:
            break
        level = np.median(paper)
        noise = 1.4826 * np.median(np.abs(paper - level))
        sample = sample - level
        typical = _typical(sample, max(_MIN_CONTRAST / 2, 4 * noise))
        if typical >= max(_MIN_CONTRAST, _MIN_SIGNAL * noise):
            full = np.quantile(sample[sample > typical / 2], 0.9)
            floor = 2 * noise
            return np.clip((shown - level - floor) / (full - floor), 0, 1).astype(np.float32)
    return np.zeros(ink.shape, np.float32)


def _typical(ink, least):
    """Level of the ink itself, however little of it there is: the contraharmonic mean."""
    strong = ink[ink > least].astype(np.float64)
    return (strong**3).sum() / max((strong**2).sum(), 1e-12)
