"""
What the network looks at
=========================

Which strokes decided what was read?

Cover a patch of a picture with paper and ask again: if the answer loses much of its lead, the patch
was what decided. Done for every place, it gives a map. The method takes any classifier with
``predict_proba``, and looks into none.
"""

# %%
# A 4, and the same with its top closed, which makes it a 9 to many readers; a 7 without and with
# a bar. Drawn by Pillow, placed as in MNIST.

from PIL import Image, ImageDraw

from skdigits import DigitNormalizer, load_pretrained

FOUR, STEM = [(60, 30), (45, 120), (150, 120)], [(130, 30), (125, 200)]
SEVEN = [(45, 35), (155, 35), (85, 200)]
DRAWINGS = [[FOUR, STEM], [FOUR, STEM, [(60, 30), (130, 30)]], [SEVEN]]
DRAWINGS.append([SEVEN, [(70, 115), (150, 115)]])


def draw(strokes):
    paper = Image.new("L", (200, 230), 255)
    pen = ImageDraw.Draw(paper)
    for stroke in strokes:
        pen.line(stroke, fill=0, width=16, joint="curve")
    return paper


X = DigitNormalizer().transform([draw(strokes) for strokes in DRAWINGS])
pipeline = load_pretrained()
labels = pipeline.predict(X)
print(labels)

# %%
# Orange, inside a solid line: covered, the answer loses. Violet, inside a dashed one: covered, it
# gains. What decides both 7s is the stem, with or without a bar.

from skdigits.plotting import AttributionDisplay

AttributionDisplay.from_estimator(pipeline, X, n_columns=4)

# %%
# Paper over paper changes nothing, so a gap is never marked above. Covered with ink in place of
# paper, the gap at the top of the first picture shows: closed, it is no 4 any more.

AttributionDisplay.from_estimator(pipeline, X, fill=255, n_columns=4)

# %%
# What speaks for another answer: the same pictures asked for 9, 4, 2 and 2.

AttributionDisplay.from_estimator(pipeline, X, labels=[9, 4, 2, 2], n_columns=4)
