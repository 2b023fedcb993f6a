"""How well numbers are read where people write them, and what reading costs.

Prints, for a folder of pictures with ``labels.csv`` (file, label, rows, kind), the share of digits
read right in order (1 less the edit distance for each digit of the label, at least 0, averaged over
pictures) and the share of pictures without an error, by kind; then the same of made-up tables, cell
by cell, and of made-up lines that are padded, scaled, inverted, compressed and put on larger pages.
With ``--rapidocr`` RapidOCR reads the same pictures: ``pip install rapidocr`` first.

Run it as ``python examples/benchmarks/pages.py --pages DIR``.
"""

import csv
import io
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from _shared import digits_of, edit_distance, finish, load_rows, make_parser
from PIL import Image, ImageDraw, ImageOps

from skdigits import DigitReader
from skdigits.datasets import make_page


def read_by_rapidocr():
    """A function from a path to the digits that RapidOCR reads, line by line from the top."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "critical"})

    def read(path):
        picture = ImageOps.exif_transpose(Image.open(path)).convert("RGB")
        result = engine(np.asarray(picture))
        if result.txts is None:
            return ""
        boxes = np.asarray(result.boxes).mean(axis=1)
        height = np.median([np.ptp(box[:, 1]) for box in result.boxes])
        order = np.lexsort((boxes[:, 0], boxes[:, 1] // max(height, 1)))
        return "".join(c for i in order for c in result.txts[i] if c in "0123456789")

    return read


def score_pages(folder, read):
    """Shares of digits and of whole pictures read right, by kind, and CPU seconds a picture."""
    right, whole, cpu = defaultdict(list), defaultdict(list), 0.0
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        for entry in csv.DictReader(file):
            started = time.process_time()
            text = read(folder / entry["file"])
            cpu += time.process_time() - started
            label = entry["rows"].replace("/", "").replace(" ", "")
            distance = edit_distance(text, label)
            for kind in (entry["kind"], "all"):
                right[kind].append(max(0, 1 - distance / len(label)))
                whole[kind].append(distance == 0)
    return [
        [kind, len(right[kind]), np.mean(right[kind]), np.mean(whole[kind])]
        for kind in sorted(right)
    ], cpu / len(right["all"])


def score_tables(reader, n, digits):
    """Shares of cells read right, of blank cells left blank, and of frames of the right shape."""
    cells, blanks, shapes = [], [], []
    size = {"shape": (1200, 1400), "n_rows": 12, "n_columns": 8}
    for seed in range(n):
        page = make_page("table", **size, tilt=3, digits=digits, random_state=seed)
        table = reader.read(page.image).table
        shapes.append(table is not None and table.shape == (12, 8))
        frame = table.to_frame().to_numpy() if shapes[-1] else np.full((12, 8), "?")
        truth = np.array(page.rows)
        cells += (frame == truth)[truth != ""].tolist()
        blanks += (frame == truth)[truth == ""].tolist()
    return [np.mean(cells), np.mean(blanks), np.mean(shapes)]


def score_changes(reader, n, digits):
    """Share of made-up lines that are read the same whatever is done to the picture."""
    same = 0
    line = {"shape": (80, 420), "n_rows": 1, "height": 36}
    for seed in range(n):
        rng = np.random.default_rng(seed)
        page = make_page("lines", **line, tilt=0, digits=digits, random_state=seed)
        before = digits_of(reader.read(page.image))
        image = page.image
        height = image.shape[0]
        pads = rng.uniform(0, 3, 4) * height
        paper = int(np.quantile(image, 0.8))
        image = np.pad(image, pads.astype(int).reshape(2, 2), constant_values=paper)
        scale = rng.uniform(0.5, 4)
        size = max(8, int(image.shape[1] * scale)), max(8, int(image.shape[0] * scale))
        picture = Image.fromarray(255 - image if rng.random() < 0.5 else image).resize(size)
        stream = io.BytesIO()
        picture.save(stream, "JPEG", quality=40)
        same += digits_of(reader.read(stream.getvalue())) == before
    return same / n


def cost(reader, n=20):
    """CPU milliseconds of a digit from the pad, and of a made-up line, on average and at most."""
    pad = Image.new("L", (800, 800), 255)
    ImageDraw.Draw(pad).line([(240, 180), (560, 180), (360, 640)], 0, 32, joint="curve")
    line = {"shape": (80, 500), "n_rows": 1, "tilt": 0}
    lines = [make_page("lines", **line, random_state=seed).image for seed in range(n)]
    times = {}
    for name, pictures in (("pad", [pad] * n), ("line", lines)):
        reader.read(pictures[0])
        spent = []
        for picture in pictures:
            started = time.process_time()
            reader.read(picture)
            spent.append(1000 * (time.process_time() - started))
        times[name] = float(np.mean(spent))
    return times | {"slowest line": max(spent)}


def main(arguments=None):
    parser = make_parser(__doc__.split("\n")[0], "example: pages.py --pages ~/pages --tables 50")
    parser.add_argument("--pages", metavar="DIR", type=Path, help="pictures with labels.csv")
    parser.add_argument("--tables", type=int, default=0, help="made-up tables to read")
    parser.add_argument("--lines", type=int, default=0, help="made-up lines to change and read")
    parser.add_argument(
        "--data", metavar="DIR", help="folder with train.csv: whose digits the made-up pages hold"
    )
    parser.add_argument("--rapidocr", action="store_true", help="RapidOCR reads them, too")
    options = parser.parse_args(arguments)
    reader = DigitReader()
    digits = load_rows(options.data, 8000) if options.tables or options.lines else None
    figures = {}
    if options.pages:
        readers = {"skdigits": lambda path: digits_of(reader.read(path))}
        if options.rapidocr:
            readers["RapidOCR"] = read_by_rapidocr()
        for name, read in readers.items():
            rows, cpu = score_pages(options.pages, read)
            print(f"{name}: {cpu:.2f} CPU s a picture")
            print(f"{'kind':16}pictures  digits right  pictures right")
            for kind, n, right, whole in rows:
                print(f"{kind:16}{n:8}  {right:12.1%}  {whole:14.1%}")
            figures[name] = {"rows": rows, "cpu": cpu}
    if options.tables:
        cells, blanks, shapes = score_tables(reader, options.tables, digits)
        print(
            f"{options.tables} tables: {cells:.2%} of cells, {blanks:.2%} of blank cells, ", end=""
        )
        print(f"{shapes:.1%} of shapes right")
        figures["tables"] = [cells, blanks, shapes]
    if options.lines:
        figures["unchanged"] = score_changes(reader, options.lines, digits)
        print(f"{options.lines} lines: {figures['unchanged']:.2%} read the same after all changes")
    figures["cpu_ms"] = cost(reader)
    print("CPU ms: " + ", ".join(f"{name} {ms:.1f}" for name, ms in figures["cpu_ms"].items()))
    finish(options, figures)


if __name__ == "__main__":
    main()
