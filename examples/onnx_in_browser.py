"""
A page that reads digits without a server
=========================================

Writes one HTML file with everything inside: a drawing pad, the network as ONNX, and ONNX Runtime
Web. It opens from disk, in any browser of 2023 or later, and asks nothing of any computer::

    python examples/onnx_in_browser.py --out digits.html

The runtime is fetched once from the npm registry that is configured (``npm pack``), and must have
the hash that stands here; ``--runtime FILE`` takes a tarball that is already there.
"""

import argparse
import base64
import gzip
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from skdigits import load_onnx
from skdigits._runtime.model import MODELS

VERSION = "1.30.0"
SHA512 = (
    "ab4cbe26baedba45d2cec05610c71c55fa97db92d19a8b171c5f8269126683ca"
    "590a5cdc57bb2f35ce2b298de32f4d956fb42644c0ecd528a0a91e025c07ca61"
)
PARTS = Path(__file__).parent / "onnx_in_browser"


def fetch_runtime(folder):
    """The path of the tarball of ONNX Runtime Web, fetched through npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not installed; fetch the tarball elsewhere, and give --runtime.")
    command = [npm, "pack", f"onnxruntime-web@{VERSION}", "--pack-destination", folder, "--silent"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"npm could not fetch onnxruntime-web {VERSION}: {done.stderr[-500:]}")
    return next(Path(folder).glob("*.tgz"))


def read_runtime(tarball):
    """The runtime's JavaScript and its WebAssembly, from a tarball with the right hash."""
    if hashlib.sha512(tarball.read_bytes()).hexdigest() != SHA512:
        raise SystemExit(f"{tarball} is not onnxruntime-web {VERSION}: it has another hash.")
    names = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"]
    with tarfile.open(tarball) as archive:
        return [archive.extractfile(f"package/dist/{name}").read() for name in names]


def pack(content):
    """Bytes as text for a page: gzip in base64."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode()


def build_page(model, tarball):
    """The page as text.

    Parameters
    ----------
    model : pathlib.Path
        A file of :func:`skdigits.export_onnx`, of 28x28 pictures.
    tarball : pathlib.Path
        Of onnxruntime-web.
    """
    classifier = load_onnx(model)
    if classifier.n_features_in_ != 784 or classifier.scale != 255:
        raise SystemExit(f"{model} does not take 28x28 pictures of 0-255.")
    runtime, engine = read_runtime(tarball)
    script = (PARTS / "page.js").read_text("utf-8")
    about = {"classes": classifier.classes_.tolist()}
    if hasattr(classifier, "threshold_"):
        about["threshold"] = min(classifier.threshold_, 2)  # JSON knows no infinity
    checksum = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    holes = {
        # Nothing can be fetched, whatever a script may try.
        "POLICY": "default-src 'none'; style-src 'unsafe-inline'; script-src blob: "
        f"'wasm-unsafe-eval' 'sha256-{checksum}'",
        "VERSION": VERSION,
        "ABOUT": json.dumps(about).replace("<", "\\u003c"),
        "RUNTIME": pack(runtime),
        "ENGINE": pack(engine),
        "MODEL": pack(model.read_bytes()),
        "PAGE": script,
    }
    page = (PARTS / "page.html").read_text("utf-8")
    for name, content in holes.items():
        page = page.replace(f"@{name}@", content)
    return page


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[1])
    parser.add_argument(
        "--model", type=Path, help="a file of export_onnx; else the shipped weights"
    )
    parser.add_argument("--runtime", type=Path, help="tarball of onnxruntime-web; else fetched")
    parser.add_argument("--out", type=Path, default="digits.html", help="the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or MODELS / "hands.onnx"
        page = build_page(model, options.runtime or fetch_runtime(folder))
    options.out.write_text(page, "utf-8")
    print(f"wrote {options.out}: {len(page) / 1e6:.1f} MB, open it in a browser")


if __name__ == "__main__":
    main()
