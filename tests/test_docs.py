"""The documentation: complete, in step with the package, built without a warning, and legible."""

import importlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from filelock import FileLock

import skdigits

pytestmark = pytest.mark.timeout(1200)  # building the site runs all examples

ROOT = Path(__file__).parent.parent
MODULES = [
    "skdigits",
    *(
        f"skdigits.{name}"
        for name in [
            "app",
            "datasets",
            "evaluation",
            "exceptions",
            "forms",
            "kaggle",
            "plotting",
            "tuning",
        ]
    ),
]


def public_names(module):
    """What a module offers, without modules, which have headings of their own."""
    module = importlib.import_module(module)
    names = getattr(module, "__all__", None) or [n for n in dir(module) if n[0] != "_"]
    return sorted(n for n in names if not inspect.ismodule(getattr(module, n)))


def listed_names():
    """Names of `docs/api.rst` by module, in its order."""
    names, module = {}, None
    for line in (ROOT / "docs" / "api.rst").read_text().splitlines():
        if line.startswith(".. currentmodule:: "):
            module = line.split()[-1]
            names[module] = []
        elif match := re.fullmatch(r"   (\w+)|\.\. py:data:: (\w+)", line):
            names[module].append(match[1] or match[2])
    return names


def test_every_public_module_is_in_the_reference():
    assert sorted(listed_names()) == MODULES
    modules = [f"skdigits.{n}" for n in skdigits._MODULES]
    assert ["skdigits", *modules] == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_in_the_reference_once(module):
    assert sorted(listed_names()[module]) == public_names(module)


@cache
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_readme_names_the_floors():
    extras = project()["optional-dependencies"]
    of_users = {name: extras[name] for name in extras if name not in ("test", "docs", "dev")}
    wanted = {"": project()["dependencies"]} | of_users
    readme = (ROOT / "README.md").read_text()
    section = readme.split("\n## What it needs\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| (?:`(\w+)`|always) \| (.*) \|$", section, re.M)
    told = {extra: re.findall("`([^`]+)`", cells) for extra, cells in table}
    floors = {extra: [need.split(",")[0] for need in wanted[extra]] for extra in wanted}
    assert told == floors
    assert f"Python {project()['requires-python'].removeprefix('>=')} or newer" in readme


def test_changelog_is_of_this_version():
    newest = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == skdigits.__version__


def test_every_benchmark_is_listed():
    listed = re.findall(r"`(\w+\.py)`", (ROOT / "docs" / "benchmarks.md").read_text())
    scripts = (ROOT / "examples" / "benchmarks").glob("[!_]*.py")
    assert sorted(listed) == sorted(path.name for path in scripts)


# --- the site ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built site, which all processes of a test run share."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, errors = shared / "docs", shared / "docs-errors.txt"
    with FileLock(shared / "docs.lock"):
        if not errors.exists():
            errors.write_text(build_site(folder))
    assert errors.read_text() == ""
    return folder / "docs" / "_build" / "html"


def build_site(folder):
    """Build from a copy, which leaves the checkout as it is; gives what went wrong."""
    ignored = shutil.ignore_patterns("_build", "auto_examples", "generated", "__pycache__")
    for name in ("docs", "examples", "skdigits"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("CHANGELOG.md", "README.md"):
        shutil.copy(ROOT / name, folder)
    environment = {k: v for k, v in os.environ.items() if k != "SKDIGITS_DATA"}
    environment["PYTHONPATH"] = str(folder)
    command = "sphinx -W --keep-going -b html docs docs/_build/html"
    built = subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    return built.stderr[-5000:] or "failed" if built.returncode else ""


def pages_of(site):
    return sorted(p for p in site.rglob("*.html") if not p.is_relative_to(site / "_static"))


@cache
def ids_of(page):
    return set(re.findall(r'\sid="([^"]+)"', page.read_text()))


@pytest.mark.slow
def test_every_example_ran_and_has_a_picture(site):
    scripts = sorted((ROOT / "examples").glob("*/plot_*.py"))
    assert len(scripts) > 10
    for script in scripts:
        page = (site / "auto_examples" / script.parent.name / f"{script.stem}.html").read_text()
        assert f"sphx_glr_{script.stem}_001.png" in page, script.name
        assert "Total running time" in page


@pytest.mark.slow
def test_links_inside_resolve(site):
    dead, n_links = [], 0
    for page in pages_of(site):
        for link in re.findall(r'(?:href|src)="([^"]*)"', page.read_text()):
            parts = urlsplit(link.replace("&amp;", "&"))
            if parts.scheme or parts.netloc or page.name == "search.html":
                continue
            n_links += 1
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            fragment = unquote(parts.fragment)
            if not target.is_file() or (
                fragment and target.suffix == ".html" and fragment not in ids_of(target)
            ):
                dead.append(f"{page.relative_to(site)}: {link}")
    assert n_links > 1000
    assert not dead, "\n".join(sorted(set(dead))[:30])


@pytest.mark.slow
def test_pages_ask_nothing_of_other_computers(site):
    for page in pages_of(site):
        loaded = re.findall(
            r'<(?:script|img|link|iframe)\b[^>]*(?:src|href)="(http[^"]*)"', page.read_text()
        )
        assert not loaded, (page.name, loaded)


# Text against the nearest opaque background behind it, by WCAG 2's formula; 4.5 is its level AA.
PALE_TEXT = """() => {
  const parse = colour => { const v = colour.match(/[\\d.]+/g).map(Number); return v.length > 3 ? v : [...v, 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = c => { const [r, g, b] = c.map(v => (v /= 255, v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4));
    return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { const layers = [];
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); layers.push(c); if (c[3] === 1) break; }
    return layers.reverse().reduce((below, c) => over(c, below), [255, 255, 255, 1]); };
  const fade = ([r, g, b, a], e) => { for (; e; e = e.parentElement) a *= getComputedStyle(e).opacity; return [r, g, b, a]; };
  const scrolls = e => { for (; e !== document.body; e = e.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(e).overflowX) && e.getBoundingClientRect().right <= innerWidth + 1) return true; };
  const pale = {}, cut = []; let n = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const e = node.parentElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
    if (!node.data.trim() || !box.width || !box.height || style.visibility === "hidden") continue;
    if (["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE"].includes(e.tagName)) continue;
    const back = behind(e), front = over(fade(parse(style.color), e), back);
    const [a, b] = [light(front), light(back)].sort((x, y) => y - x), contrast = (a + .05) / (b + .05);
    n += 1;
    if (box.right > innerWidth + 1 && !scrolls(e)) cut.push(node.data.trim().slice(0, 30));
    if (contrast < 4.5) pale[`${e.tagName}.${e.className}: ${node.data.trim().slice(0, 30)}`] = contrast.toFixed(2);
  }
  return {n, pale, cut, wide: document.documentElement.scrollWidth - window.innerWidth};
}"""  # noqa: E501
SEEN = [
    "index",
    "install",
    "tour",
    "user_guide",
    "pictures",
    "forms",
    "tuning",
    "trust",
    "notebook",
    "benchmarks",
    "benchmarks/training",
    "how_it_works",
    "faq",
    "api",
    "generated/skdigits.DigitCNNClassifier",
    "auto_examples/index",
    "auto_examples/start/plot_quick_start",
    "auto_examples/pictures/plot_pages",
    "model_card",
    "architecture",
]


@pytest.mark.slow
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_legible(site, browser, width, colours):
    artifacts = Path(os.environ.get("SKDIGITS_ARTIFACTS", ROOT / "test-artifacts"))
    artifacts.mkdir(parents=True, exist_ok=True)
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=colours)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    wrong = {}
    for name in SEEN:
        page.goto((site / f"{name}.html").as_uri())
        found = page.evaluate(PALE_TEXT)
        assert found["n"] > 20
        if found["pale"] or found["cut"] or found["wide"] > 0:
            wrong[name] = found
        page.screenshot(path=artifacts / f"docs-{width}-{colours}-{name.replace('/', '-')}.png")
    page.close()
    assert not [url for url in asked if not url.startswith("file:")]
    assert not wrong, wrong
