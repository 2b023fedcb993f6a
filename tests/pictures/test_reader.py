"""A picture becomes text, digit by digit, and says when it cannot."""

import functools
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from skdigits._pictures.normalizer import DigitNormalizer
from skdigits._pictures.reader import DigitReader, ReadPicture
from skdigits.exceptions import PictureError

N_TRAIN = 600


@functools.cache
def scans():
    data = load_digits()
    return data.images, data.target


def scan(index, side=96):
    """One of scikit-learn's digits, enlarged; ink high."""
    image = Image.fromarray((np.pad(scans()[0][index], 1) * 15).astype(np.uint8))
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


class Counting(KNeighborsClassifier):
    """Counts how often it is asked."""

    calls = 0

    def predict_proba(self, X):
        type(self).calls += 1
        return super().predict_proba(X)


@functools.cache
def training_rows():
    return DigitNormalizer().transform([Image.fromarray(scan(i)) for i in range(N_TRAIN)])


@functools.cache
def classifier(names=False):
    labels = scans()[1][:N_TRAIN]
    if names:
        labels = np.array([f"<{label}>" for label in labels])
    return Counting(5, weights="distance").fit(training_rows(), labels)


@pytest.fixture
def reader():
    return DigitReader(classifier())


@functools.cache
def known():
    """Positions of unseen digits that the classifier reads right with much confidence."""
    chosen = {}
    for index in range(N_TRAIN, 1200):
        label = int(scans()[1][index])
        if len(chosen.get(label, ())) < 2:
            row = DigitNormalizer().transform([Image.fromarray(scan(index))])
            probabilities = classifier().predict_proba(row)[0]
            if probabilities.argmax() == label and probabilities.max() > 0.9:
                chosen.setdefault(label, []).append(index)
    return chosen


def write(lines, *, side=96, gap=20, slope=0.0, margin=40):
    """Paper with digits: dark on light, lines of text."""
    step = side + gap
    width = max(map(len, lines)) * step + 2 * margin
    height = len(lines) * int(1.4 * side) + int(abs(slope) * width) + 2 * margin
    paper = np.full((height, width), 235.0)
    used = dict.fromkeys(range(10), 0)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            index = known()[int(character)][used[int(character)] % 2]
            x = margin + column * step
            y = margin + row * int(1.4 * side) + int(slope * x) - min(0, int(slope * width))
            paper[y : y + side, x : x + side] -= scan(index, side) * 0.85
    return paper.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("lines", [["7"], ["2024"], ["314", "159", "26"], ["0123456789"]])
def test_text_lines_and_boxes(reader, lines):
    picture = write(lines)
    result = reader.read(picture)
    assert result.text == "\n".join(lines)
    assert str(result) == result.text
    assert [d.line for d in result.digits] == [i for i, line in enumerate(lines) for _ in line]
    for digit in result.digits:
        left, top, right, bottom = digit.box
        assert 0 <= left < right <= picture.shape[1]
        assert 0 <= top < bottom <= picture.shape[0]
        assert digit.confidence == max(digit.probabilities.values())
        assert digit.probabilities[digit.label] == digit.confidence
        assert digit.row.shape == (784,)


@pytest.mark.parametrize("slope", [-0.35, -0.1, 0.2, 0.5])
def test_slanted_lines(reader, slope):
    assert reader.read(write(["40718"], slope=slope)).text == "40718"


def test_boxes_are_in_pixels_of_the_upright_picture(reader):
    large = Image.fromarray(write(["38"])).resize((2720, 2144))
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    large.transpose(Image.Transpose.ROTATE_90).save(stream, "JPEG", exif=exif)
    result = reader.read(stream.getvalue())
    assert result.text == "38"
    first, second = (digit.box for digit in result.digits)
    assert first[2] < second[0]
    assert 1300 < second[0] < second[2] <= 2720
    assert result.draw(max_side=500).size == (500, 394)


def test_touching_digits_are_split(reader):
    for text in ("60", "38", "25", "06"):
        first, second = (scan(known()[int(c)][0]) for c in text)
        a, b = (np.flatnonzero(s.max(axis=0) > 60) for s in (first, second))
        paper = np.zeros((160, 260))
        paper[30:126, 30:126] = first
        x = 30 + a[-1] - b[0] - 1
        paper[30:126, x : x + 96] = np.maximum(paper[30:126, x : x + 96], second)
        result = reader.read(255 - paper.clip(0, 255).astype(np.uint8))
        assert len(result.digits) == 2, text


def test_the_classifier_is_asked_once_for_a_picture(reader):
    before = Counting.calls
    reader.read(write(["314", "159"]))
    assert Counting.calls == before + 1
    reader.read(np.full((80, 80), 255, np.uint8))
    assert Counting.calls == before + 1


def test_blank_paper_is_no_digit(reader):
    result = reader.read(np.full((80, 80), 200, np.uint8))
    assert result.text == ""
    assert result.digits == ()
    assert str(result) == "no digit"
    assert result.draw().size == (80, 80)


def test_low_confidence_is_unsure():
    picture = write(["38"])
    assert not DigitReader(classifier(), min_confidence=0.5).read(picture).unsure
    doubtful = Image.fromarray(picture).transpose(Image.Transpose.ROTATE_90)
    result = DigitReader(classifier(), min_confidence=1.0).read(doubtful)
    assert result.unsure
    for digit in result.digits:
        assert digit.unsure == (digit.confidence < 1.0)


def test_one_digit_reads_all_ink_as_one():
    picture = write(["3"])
    picture[:, 75:80] = 235  # cut in two
    assert len(DigitReader(classifier(), one_digit=True).read(picture).digits) == 1


@pytest.mark.slow
def test_labels_may_be_strings():
    result = DigitReader(classifier(names=True)).read(write(["42"]))
    assert result.text.replace(" ", "") == "<4><2>"
    assert set(result.digits[0].probabilities) == {f"<{i}>" for i in range(10)}


def test_drawing_pad_value(reader):
    layer = np.zeros((300, 300, 4), np.uint8)
    layer[100:196, 120:216, 3] = scan(known()[5][0])
    paper = np.full((300, 300, 4), 255, np.uint8)
    paper[..., :3] -= layer[..., 3:]
    value = {"background": None, "layers": [layer], "composite": paper}
    result = reader.read(value)
    assert result.text == "5"
    assert result.draw().mode == "RGB"
    value["layers"][0][:] = 0
    value["composite"][:] = 255
    assert str(reader.read(value)) == "no digit"


def test_what_was_read_can_be_a_key(reader):
    """`hash` failed: the probabilities are a dict."""
    picture = write(["71"])
    first, second = reader.read(picture), reader.read(picture)
    assert hash(first.digits[0]) == hash(second.digits[0])
    assert len({*first.digits, *second.digits}) == 2
    assert len({first, second}) == 1
    assert {first: "kept"}[second] == "kept"
    names = DigitReader(classifier(names=True)).read(picture)
    assert len({names, first}) == 2


def test_a_drawing_shows_the_boxes(reader):
    picture = write(["71"])
    result = reader.read(picture)
    drawn = result.draw()
    assert drawn.size == picture.shape[::-1]
    left, top, _, _ = result.digits[0].box
    assert drawn.getpixel((left, top)) == (0, 0x72, 0xB2)


def test_read_many_goes_on_after_a_bad_picture(reader, tmp_path):
    Image.fromarray(write(["12"])).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no picture")
    Image.fromarray(write(["9"])).save(tmp_path / "c.jpg", quality=95)
    (tmp_path / "notes.txt").write_text("left out")
    calls = []
    results = list(reader.read_many(tmp_path, progress=lambda *done: calls.append(done)))
    assert [result.text for result in results] == ["12", "", "9"]
    assert "not a picture" in results[1].error
    assert str(results[1]) == results[1].error
    assert [Path(result.source).name for result in results] == ["a.png", "b.png", "c.jpg"]
    assert calls == [(1, 3), (2, 3), (3, 3)]
    lazily = reader.read_many(picture for picture in [write(["4"]), None])
    assert next(lazily).text == "4"
    assert next(lazily).error is not None


def test_read_many_shows_a_bar(reader, capsys):
    results = list(reader.read_many([write(["1"])], progress=True))
    assert isinstance(results[0], ReadPicture)
    assert "picture" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: DigitReader(object()), TypeError, "predict_proba"),
        (lambda: DigitReader(classifier(), min_confidence=2), ValueError, "min_confidence"),
        (lambda: DigitReader(classifier()).read(b"text"), PictureError, "not a picture"),
        (lambda: DigitReader(classifier()).read_many("nowhere"), NotADirectoryError, "read()"),
    ],
)
def test_mistakes_say_what_to_do(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_noise_is_read_in_bounded_time(reader):
    noise = np.random.default_rng(0).integers(0, 256, (900, 900), dtype=np.uint8)
    coarse = np.kron(noise[:150, :150], np.ones((6, 6), np.uint8))
    for picture in (noise, coarse):
        reader.read(picture)


def test_blank_paper_of_the_collection_holds_no_digit():
    near = Path(__file__).parents[3] / "shared" / "pictures"
    folder = Path(os.environ.get("SKDIGITS_PICTURES", near)) / "not_digits"
    if not folder.is_dir():
        pytest.skip("no pictures: set SKDIGITS_PICTURES to a folder with not_digits/")
    reader = DigitReader()
    results = list(reader.read_many(sorted(folder.glob("*blank*"))))
    assert results
    assert {str(result) for result in results} == {"no digit"}
