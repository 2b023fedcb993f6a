"""How many real pictures are read right, and what a picture costs.

Prints, for a folder of pictures with ``single/``, ``numbers/`` and ``not_digits/`` (``labels.csv``
in each: file, label, and for numbers the rows parted by ``/``), what a pipeline reads behind
:class:`skdigits.DigitNormalizer` and :class:`skdigits.DigitReader`; beside it, what the same
pipeline reads behind the usual grey-resize-invert. Then the price: CPU time for a drawing pad of
800x800 pixels, and time and memory for a photograph of 12 megapixels that holds 20 digits.

Run it as ``python examples/benchmarks/pictures.py --pictures DIR``.
"""

import argparse
import csv
import io
import json
import resource
import time
from pathlib import Path

import numpy as np
from _shared import digits_of, edit_distance
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from skdigits._pictures.normalizer import DigitNormalizer
from skdigits._pictures.reader import DigitReader


def seed_row(path):
    """The preprocessing that is common: grey, resize to 28x28, invert."""
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image)
        if image.mode in ("RGBA", "LA", "P"):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return np.asarray(ImageOps.invert(image.convert("L").resize((28, 28)))).ravel()


def entries(folder):
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def score_single(folder, model):
    """Share of right labels: by one-digit rows, by the reader, by the seed's preprocessing."""
    labels = entries(folder)
    paths = [folder / entry["file"] for entry in labels]
    truth = np.array([entry["label"] for entry in labels])
    rows = DigitNormalizer(on_empty="zeros").transform(paths)
    classes = np.asarray(model.classes_).astype(str)
    predicted = classes[model.predict_proba(rows).argmax(axis=1)]
    predicted[~rows.any(axis=1)] = "none"
    read = np.array([digits_of(result) for result in DigitReader(model).read_many(paths)])
    seed = classes[model.predict_proba(np.array([seed_row(p) for p in paths])).argmax(axis=1)]
    wrong = [
        {"file": path.name, "label": str(label), "normalizer": str(p), "reader": str(r)}
        for path, label, p, r in zip(paths, truth, predicted, read, strict=True)
        if label != p or label != r
    ]
    return {
        "pictures": len(labels),
        "normalizer": float((predicted == truth).mean()),
        "reader": float((read == truth).mean()),
        "seed": float((seed == truth).mean()),
        "wrong": wrong,
    }


def score_numbers(folder, model):
    """Share of digits right in order: 1 - edit distance per digit."""
    labels = entries(folder)
    reader = DigitReader(model)
    total = missed = lines = seed_missed = 0
    wrong = []
    for entry in labels:
        text = reader.read(folder / entry["file"]).text.replace(" ", "")
        truth = entry["rows"].replace("/", "")  # the label column may have lost a leading 0
        distance = edit_distance(text.replace("\n", ""), truth)
        lines += text.replace("\n", "/") == entry["rows"]
        total += len(truth)
        missed += distance
        seed = model.predict_proba(seed_row(folder / entry["file"])[None])[0].argmax()
        seed_missed += edit_distance(str(model.classes_[seed]), truth)
        if distance:
            wrong.append({"file": entry["file"], "label": entry["rows"], "reader": text})
    return {
        "pictures": len(labels),
        "digits": total,
        "reader": 1 - missed / total,
        "with_line_breaks": lines / len(labels),
        "seed": 1 - seed_missed / total,
        "wrong": wrong,
    }


def score_not_digits(folder, model):
    """Pictures without a digit: how many are read as none, or as unsure at most."""
    labels = entries(folder)
    results = list(DigitReader(model).read_many([folder / entry["file"] for entry in labels]))
    blank = [r for r, entry in zip(results, labels, strict=True) if entry["class"] == "blank"]
    return {
        "pictures": len(labels),
        "none": float(np.mean([not r.digits for r in results])),
        "none_or_unsure": float(np.mean([all(d.unsure for d in r.digits) for r in results])),
        "blank": len(blank),
        "blank_none": sum(not r.digits for r in blank),
    }


def cpu_ms(call, repeat=20):
    """Least CPU milliseconds of a call, after one to warm up."""
    call()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def time_pad(model):
    """A digit drawn on the pad of 800x800: as its layer, and as a flat picture."""
    image = Image.new("RGBA", (800, 800))
    points = [(250, 180), (560, 170), (380, 640)]
    ImageDraw.Draw(image).line(points, fill="black", width=72, joint="curve")
    layer = np.asarray(image)
    flat = np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "white"), image))
    pad = {"background": flat * 0 + 255, "layers": [layer], "composite": flat}
    normalizer, reader = DigitNormalizer(), DigitReader(model)
    return {
        "pad_normalize_ms": cpu_ms(lambda: normalizer.transform([pad])),
        "pad_read_ms": cpu_ms(lambda: reader.read(pad)),
        "flat_normalize_ms": cpu_ms(lambda: normalizer.transform([flat])),
        "flat_read_ms": cpu_ms(lambda: reader.read(flat)),
    }


def photograph():
    """A JPEG of 4000x3000 pixels: 20 digits in 4 lines on shaded, noisy paper."""
    rng = np.random.default_rng(0)
    ink = Image.new("L", (4000, 3000), 0)
    pen = ImageDraw.Draw(ink)
    for k in range(20):
        x, y = 450 + 700 * (k % 5) + int(rng.integers(-40, 41)), 350 + 650 * (k // 5)
        if k % 2:
            pen.line([(x, y), (x + 250, y), (x + 80, y + 420)], fill=255, width=36, joint="curve")
        else:
            pen.ellipse((x, y, x + 260, y + 420), outline=255, width=36)
    ink = np.asarray(ink.filter(ImageFilter.GaussianBlur(3)), dtype=np.float32) / 255
    light = np.linspace(230, 130, 4000, dtype=np.float32) * np.linspace(1, 0.8, 3000)[:, None]
    paper = light * (1 - 0.8 * ink) + rng.normal(0, 5, ink.shape).astype(np.float32)
    stream = io.BytesIO()
    Image.fromarray(paper.clip(0, 255).astype(np.uint8)).convert("RGB").save(stream, "JPEG")
    return stream.getvalue()


def time_photograph(model):
    data = photograph()
    reader = DigitReader(model)
    reader.read(np.pad(np.ones((40, 6)), 20))  # compiles the prediction
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, cpu = time.perf_counter(), time.process_time()
    text = digits_of(reader.read(data))
    return {
        "text": text,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "peak_mb_before": before / 1024,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--pictures", type=Path, help="folder with single/, numbers/, not_digits/")
    parser.add_argument("--model", type=Path, help="a saved pipeline (default: the shipped one)")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()

    from skdigits import load_pipeline, load_pretrained

    model = load_pipeline(arguments.model, trusted=True) if arguments.model else load_pretrained()
    # The photograph first: the peak of memory is the process's.
    figures = {"photograph_12mp": time_photograph(model), "pad_800x800": time_pad(model)}
    if arguments.pictures is not None:
        for name, score in (
            ("single", score_single),
            ("numbers", score_numbers),
            ("not_digits", score_not_digits),
        ):
            figures[name] = score(arguments.pictures / name, model)
    print(json.dumps(figures, indent=2))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
