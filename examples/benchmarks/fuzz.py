"""
A million strange inputs for everything that reads what strangers give
======================================================================

Coverage-guided fuzzing with Atheris of the CSV reader, the submission checker, the opener of model
files, the picture opener, the page reader and the drawing pad. Each must either answer or raise the
error that its documentation names, within bounds of time and memory; anything else ends the run,
and the input is kept in a file beside it. Needs ``pip install "skdigits[dev]"``::

    python examples/benchmarks/fuzz.py --targets csv submission --runs 1000000
"""

import argparse
import ctypes
import gzip
import io
import json
import subprocess
import sys
import tempfile
import time
from functools import cache, partial
from pathlib import Path

import numpy as np
from _shared import finish, make_parser
from PIL import Image, ImageDraw

SECONDS, MEGABYTES = 10, 2000  # that one input may take, and the whole process
MOST_BYTES = 16_384  # of an input: more than the largest seed, or no valid file would ever be tried


def digit():
    image = Image.new("L", (40, 40), 255)
    ImageDraw.Draw(image).line([(8, 8), (30, 8), (16, 34)], fill=0, width=4)
    return image


def saved(image, kind, **options):
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def fuzz_csv(path, data):
    from skdigits.datasets import read_digits_csv

    path.write_bytes(data)
    return ValueError, lambda: read_digits_csv(path)


def seed_csv():
    header = "label," + ",".join(f"pixel{i}" for i in range(784))
    row = "3," + ",".join(["0"] * 300 + ["255"] * 200 + ["7.0"] * 284)
    text = f"{header}\n{row}\n".encode()
    return [text, text.replace(b"\n", b"\r\n"), gzip.compress(text), b"\xef\xbb\xbf" + text]


def fuzz_submission(path, data):
    from skdigits.kaggle import check_submission, read_submission

    path.write_bytes(data)
    return ValueError, lambda: (read_submission(path), check_submission(path))


def seed_submission():
    return [b"ImageId,Label\n1,2\n2,0\n", b"ImageId,Label\r\n1,9\r\n", b"ImageId,Label\n"]


def fuzz_model(path, data):
    from skdigits import load_pipeline
    from skdigits.exceptions import ModelFileError

    if not data.startswith(b"PK"):
        data = b"PK\x03\x04" + data[4:]  # a joblib file may do anything: it is to be trusted
    path.write_bytes(data)
    return ModelFileError, lambda: load_pipeline(path)


def seed_model():
    from skdigits import make_digit_pipeline, save_pipeline

    X = np.random.default_rng(0).integers(0, 256, (40, 64))
    pipeline = make_digit_pipeline("fast", width=0.1, epochs=1, random_state=0)
    pipeline.fit(X, np.arange(40) % 2)
    with tempfile.TemporaryDirectory() as folder:
        return [save_pipeline(pipeline, Path(folder) / "model.skdigits").read_bytes()]


def fuzz_picture(path, data):
    from skdigits import DigitNormalizer
    from skdigits.exceptions import PictureError

    return PictureError, lambda: DigitNormalizer(on_empty="zeros").transform([data])


@cache
def reader():
    from sklearn.dummy import DummyClassifier

    from skdigits import DigitReader

    labels = np.arange(10)
    return DigitReader(DummyClassifier(strategy="uniform").fit(np.zeros((10, 784)), labels))


def fuzz_page(path, data):
    from skdigits.exceptions import PictureError

    return PictureError, lambda: reader().read(data).draw()


# What files begin with in formats that Pillow reads but does not write.
STARTS = {
    "CUR": b"\0\0\2\0\1\0",
    "DCX": b"\xb1\x68\xde\x3a",
    "FITS": b"SIMPLE  =                    T",
    "FLI": b"\0\0\0\0\x11\xaf\1\0\x28\0\x28\0\x08\0",
    "FTEX": b"FTEX\0\0\0\1",
    "GBR": b"\0\0\0\x1c\0\0\0\2\0\0\0\x28\0\0\0\x28\0\0\0\1GIMP",
    "IMT": b"* IMAGE\nwidth 40\nheight 40\n\x0c",
    "IPTC": b"\x1c\3\x0a\0\2\1\0",
    "MCIDAS": b"\0\0\0\0\0\0\0\4",
    "MPEG": b"\0\0\1\xb3\2\x80\x28",
    "PCD": bytes(2048) + b"PCD_",
    "PIXAR": b"\200\350\000\000",
    "PSD": b"8BPS\0\1\0\0\0\0\0\0\0\1\0\0\0\x28\0\0\0\x28\0\x08\0\1",
    "SUN": b"\x59\xa6\x6a\x95\0\0\0\x28\0\0\0\x28\0\0\0\x08",
    "WMF": b"\xd7\xcd\xc6\x9a\0\0",
    "XPM": b'/* XPM */\nstatic char *a[] = {\n"40 40 2 1",',
    "XVTHUMB": b"P7 332\n#END_OF_COMMENTS\n40 40 255\n",
    "GRIB": b"GRIB\0\0\0\1",
    "HDF5": b"\x89HDF\r\n\x1a\n",
    "BUFR": b"BUFR\0\0\0\4",
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n%%EndComments\n{ } loop\n",
}


def seed_picture():
    """A picture in each format that Pillow knows, and in the variants of those that are opened."""
    Image.init()
    made = {}
    for kind in sorted(Image.SAVE):
        for mode in ("L", "RGB", "1", "F", "RGBA", "P"):
            try:
                made[kind] = saved(digit().convert(mode), kind)
                break
            except (OSError, ValueError, KeyError):
                continue  # not in this mode, or by a reader of another package
    unknown = set(Image.OPEN) - set(made) - set(STARTS)
    assert not unknown, f"add how files of {unknown} begin"
    pages = {"save_all": True, "append_images": [digit(), digit().rotate(90)]}
    variants = [saved(digit().convert("RGBA"), kind) for kind in ("PNG", "WEBP", "AVIF")]
    variants += [saved(digit(), kind, **pages) for kind in ("TIFF", "GIF", "MPO", "WEBP", "PNG")]
    variants += [saved(digit(), "JPEG", progressive=True, exif=b"Exif\0\0" + made["TIFF"])]
    codes = ("group4", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "zstd", "lzma")
    variants += [
        saved(digit().convert("1" if code == "group4" else "RGB"), "TIFF", compression=code)
        for code in codes
    ]
    found = [*made.values(), *STARTS.values(), *variants]
    return [seed for seed in found if len(seed) <= MOST_BYTES]


def fuzz_pad(path, data):
    from skdigits import DigitNormalizer
    from skdigits.app._pad import open_pad
    from skdigits.exceptions import PictureError

    def draw():
        pad = open_pad(data.decode("latin-1"))
        return None if pad is None else DigitNormalizer(on_empty="zeros").transform([pad])

    return PictureError, draw


def seed_pad():
    import base64

    return [
        b"data:image/png;base64," + base64.b64encode(saved(digit().convert("RGBA"), "PNG")),
        b"",
    ]


TARGETS = {
    "csv": (fuzz_csv, seed_csv),
    "submission": (fuzz_submission, seed_submission),
    "model": (fuzz_model, seed_model),
    "picture": (fuzz_picture, seed_picture),
    "page": (fuzz_page, seed_picture),
    "pad": (fuzz_pad, seed_pad),
}


def refuse_programs(event, arguments):
    """An audit hook: no input may start a program or open a connection."""
    if event.startswith(("subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn")):
        raise RuntimeError(f"it starts a program: {arguments}")
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise RuntimeError(f"it opens a connection: {arguments}")


def fuzz(name, n_runs, seconds, folder):
    """In a process of its own, which the fuzzer ends: counts what comes of the inputs."""
    import warnings

    import atheris
    from atheris.import_hook import HookManager

    # Watched comparisons guide the fuzzer, but Atheris never frees the arrays that come of them.
    watches_comparisons = name not in {"picture", "page", "pad"}
    with HookManager({"skdigits"}, set(), True, watches_comparisons):
        import skdigits.kaggle  # noqa: F401
        from skdigits import DigitNormalizer, DigitReader, load_pipeline  # noqa: F401
        from skdigits.app._pad import open_pad  # noqa: F401
    warnings.simplefilter("ignore")
    prepare, seeds = TARGETS[name]
    corpus = folder / "corpus"
    corpus.mkdir()
    for i, seed in enumerate(seeds()):
        assert len(seed) <= MOST_BYTES, f"{name}: a seed of {len(seed)} bytes would be cut"
        (corpus / str(i)).write_bytes(seed)
    counts = {"target": name, "inputs": 0, "accepted": 0, "refused": 0, "slowest_ms": 0.0}
    sys.addaudithook(refuse_programs)
    give_back = partial(getattr(ctypes.CDLL(None), "malloc_trim", int), 0)  # glibc has it
    start = time.monotonic()

    def try_one(data):
        refusal, run = prepare(folder / "input.csv", data)
        begun = time.perf_counter()
        try:
            run()
            counts["accepted"] += 1
        except refusal:
            counts["refused"] += 1
        counts["slowest_ms"] = max(counts["slowest_ms"], 1e3 * (time.perf_counter() - begun))
        counts["inputs"] += 1
        if counts["inputs"] % 1000 == 0:
            # Free memory between blocks in use goes back, or the limit would count that, too.
            give_back()
            counts["seconds"] = time.monotonic() - start
            (folder / "counts.json").write_text(json.dumps(counts))

    limits = [f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}", f"-max_len={MOST_BYTES}"]
    limits += [f"-max_total_time={seconds}"]
    # A little more than asked for: the last thousand are then counted too.
    atheris.Setup(
        [sys.argv[0], f"-runs={n_runs + 1000}", *limits, "-print_final_stats=1", str(corpus)],
        try_one,
    )
    atheris.Fuzz()


def main():
    parser = make_parser(__doc__.split("\n")[1], "example: --targets pad --runs 10000")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=list(TARGETS))
    parser.add_argument("--runs", type=int, default=1_000_000, help="inputs of each target")
    parser.add_argument("--seconds", type=int, default=3600, help="at most, for each target")
    parser.add_argument("--in-folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_folder:
        return fuzz(options.targets[0], options.runs, options.seconds, options.in_folder)
    results, is_clean = [], True
    print(
        f"{'target':>11} {'inputs':>10} {'accepted':>9} {'refused':>10} {'slowest ms':>11} {'s':>6}"
    )
    for name in options.targets:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--targets", name, "--in-folder", folder]
            command += ["--runs", str(options.runs), "--seconds", str(options.seconds)]
            done = subprocess.run(command, capture_output=True, text=True)
            counted = json.loads((Path(folder) / "counts.json").read_text())
        results.append(counted)
        print(
            f"{name:>11} {counted['inputs']:>10,} {counted['accepted']:>9,} "
            f"{counted['refused']:>10,} {counted['slowest_ms']:>11.0f} {counted['seconds']:>6.0f}",
            flush=True,
        )
        if done.returncode:
            is_clean = False
            print(done.stderr[-3000:])
    finish(options, results)
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
