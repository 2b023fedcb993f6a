"""
MNIST's rule, step by step
==========================

All 70,000 pictures of MNIST were placed by one rule.

A network trained on them reads a digit that follows it, and guesses at one that does not.
"""

# %%
# A seven, drawn large and in a corner.

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image, ImageDraw

from skdigits import DigitNormalizer, load_pretrained

drawing = Image.new("L", (280, 280), 255)
ImageDraw.Draw(drawing).line([(20, 24), (130, 20), (72, 190)], fill=0, width=13, joint="curve")
ink = 255 - np.asarray(drawing)

# %%
# Cut to the ink; scale so that the longer side is 20 pixels; put the 20x20 patch into 28x28 so
# that the barycentre of the ink (the cross) is in the middle, not the box around it (dashed).

rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
scale = 20 / max(cut.shape)
small = Image.fromarray(cut).resize(
    [max(1, round(n * scale)) for n in cut.shape[::-1]], Image.Resampling.BOX
)
placed = DigitNormalizer().transform([drawing]).reshape(28, 28)

fig, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
steps = {
    "1. the drawing": np.asarray(drawing),
    "2. its ink": 255 - cut,
    "3. 20 pixels long": 255 - np.asarray(small),
    "4. placed in 28x28": 255 - placed,
}
for ax, (title, picture) in zip(axes, steps.items(), strict=True):
    ax.imshow(picture, cmap="gray", vmin=0, vmax=255)
    ax.set(title=title, xticks=[], yticks=[])
y, x = np.argwhere(placed > 12).min(0), np.argwhere(placed > 12).max(0)
corner, (height, width) = (y[1] - 0.5, y[0] - 0.5), x - y + 1
axes[3].axhline(13.5, color="0.6", lw=0.8)
axes[3].axvline(13.5, color="0.6", lw=0.8)
axes[3].add_patch(plt.Rectangle(corner, width, height, fill=False, ls="--", color="#0072B2"))
weights = placed / placed.sum()
axes[3].plot(
    weights.sum(0) @ np.arange(28),
    weights.sum(1) @ np.arange(28),
    "x",
    ms=12,
    mew=3,
    color="#D55E00",
)
plt.show()

# %%
# What the placement decides: the same seven as a plain resize to 28x28 shows it, and as the rule
# places it.

plain = 255 - np.asarray(drawing.resize((28, 28)))
pipeline = load_pretrained()

fig, axes = plt.subplots(2, 2, figsize=(8, 5), layout="constrained", width_ratios=[1, 2])
for (left, right), picture, title in zip(
    axes, [plain, placed], ["resized", "by the rule"], strict=True
):
    left.imshow(255 - picture, cmap="gray", vmin=0, vmax=255)
    left.set(title=title, xticks=[], yticks=[])
    right.bar(np.arange(10), pipeline.predict_proba(picture.reshape(1, -1))[0], color="#0072B2")
    right.set(ylim=(0, 1), xticks=range(10), ylabel="probability")

# %%
# A picture of MNIST itself comes back as it is: the rule has nothing left to do. Here with the
# placed seven.

again = DigitNormalizer().transform(placed[None])
print("pixels changed by doing it twice:", int((again.reshape(28, 28) != placed).sum()))
