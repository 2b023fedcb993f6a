"""Drawings that are not digits, each a function of a random generator.

They return strokes of shape (n_points, 2) in the unit square, x to the right and y down.
"""

import numpy as np
from scipy.interpolate import CubicSpline


def curve(rng):
    """A smooth line through random points; through only a few, it might look like a digit."""
    points = rng.uniform(0, 1, (rng.integers(6, 15), 2))
    at = np.arange(len(points))
    return [CubicSpline(at, points)(np.linspace(0, at[-1], 150)).clip(-0.2, 1.2)]


def zigzag(rng):
    n = rng.integers(5, 10)
    across, along = 0.5 + 0.3 * (-1) ** np.arange(n), np.linspace(0, 1, n)
    return [np.stack([along, across + rng.normal(0, 0.07, n)], axis=1)]


def spiral(rng):
    t = np.linspace(0.1, 1, 150)
    return [circle(rng.uniform(0, 1) + t * rng.uniform(2.2, 4), 0.5 * t)]


def loops(rng):
    t = np.linspace(0, 1, 150)
    return [circle(t * rng.uniform(3, 5), 0.25) + np.stack([0.8 * t - 0.4, 0 * t], axis=1)]


def hatching(rng):
    lines = [[[x, 0], [x, 1]] for x in np.linspace(0, 1, rng.integers(4, 7))]
    return np.array(lines) + rng.normal(0, 0.04, (len(lines), 2, 2))


def dashes(rng):
    return rng.uniform(0, 1, (rng.integers(4, 9), 2, 2))


def star(rng):
    """Two to four lines through one point: plus, cross and star."""
    n, start = rng.integers(2, 5), rng.uniform(0, 0.5)
    return [circle(start + k / n / 2 + np.array([0, 0.5]), 0.5) for k in range(n)]


def crossed_circle(rng):
    return [circle(np.linspace(0, 1, 60), 0.45), *star(rng)]


def polygon(rng):
    corners = rng.integers(3, 7)
    return [circle((np.arange(corners + 1) + rng.uniform(0, 1)) / corners, 0.5)]


def pentagram(rng):
    return [circle(rng.uniform(0, 1) + np.arange(6) * 2 / 5, 0.5)]


def house(rng):
    walls, roof = [[0.1, 0.4], [0.1, 1], [0.9, 1], [0.9, 0.4]], [[0, 0.5], [0.5, 0], [1, 0.5]]
    return [stroke + rng.normal(0, 0.03, (len(stroke), 2)) for stroke in (walls, roof)]


def smiley(rng):
    mouth = circle(np.linspace(0.1, 0.4, 20), rng.uniform(0.2, 0.28))
    eyes = [np.array([[x, 0.3], [x, 0.38]]) for x in (0.35, 0.65)]
    return [circle(np.linspace(0, 1, 60), 0.5), mouth, *eyes]


def arrow(rng):
    x, y = rng.uniform(0.5, 0.8), rng.uniform(0.2, 0.4)
    strokes = [[[0, 0.5], [1, 0.5]], [[x, 0.5 - y], [1, 0.5], [x, 0.5 + y]]]
    quarter = np.linalg.matrix_power([[0, -1], [1, 0]], rng.integers(4))
    return [(np.array(stroke) - 0.5) @ quarter + 0.5 for stroke in strokes]


def grid(rng):
    lines = np.array([[[x, 0], [x, 1]] for x in np.linspace(0.2, 0.8, rng.integers(2, 4))])
    return [*lines, *lines[..., ::-1]]


def circle(turns, radius):
    """Points at angles, in turns, around the middle of the square."""
    angle = 2 * np.pi * np.asarray(turns)
    points = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return 0.5 + points * np.reshape(radius, (-1, 1))


def plus(rng):
    x, y = rng.uniform(0.4, 0.6, 2)
    return wobbled(rng, [[[0.1, y], [0.9, y]], [[x, 0.1], [x, 0.9]]])


def minus(rng):
    return wobbled(rng, [[[0, 0.5], [1, 0.5]]])


def equals(rng):
    gap = rng.uniform(0.12, 0.3)
    return wobbled(rng, [[[0, 0.5 - gap], [1, 0.5 - gap]], [[0, 0.5 + gap], [1, 0.5 + gap]]])


def times(rng):
    return wobbled(rng, [[[0.1, 0.1], [0.9, 0.9]], [[0.1, 0.9], [0.9, 0.1]]])


def divided(rng):
    y = rng.uniform(0.2, 0.35)
    return [*minus(rng), dot(0.5, 0.5 - y), dot(0.5, 0.5 + y)]


def slash(rng):
    """Flatter than a slanted 1."""
    height = rng.uniform(0.15, 0.35) * rng.choice([-1, 1])
    return wobbled(rng, [[[0, 0.5 + height], [1, 0.5 - height]]])


def parenthesis(rng):
    """An arc or a bracket; two of them would be a 0."""
    y = np.linspace(0, 1, 30)
    depth, side = rng.uniform(0.2, 0.4), rng.choice([-1, 1])
    arc = np.stack([0.5 + side * depth * 4 * (y - 0.5) ** 2, y], axis=1)
    if rng.random() < 0.3:
        arc = np.array([[0.5 + side * depth, 0], [0.5, 0], [0.5, 1], [0.5 + side * depth, 1]])
    return [arc]


def full_stop(rng):
    return [dot(0.5, 0.5)]


def comma(rng):
    return [dot(0.5, 0.5), [[0.5, 0.5], [0.52, 0.58], [rng.uniform(0.4, 0.48), 0.68]]]


def colon(rng):
    gap = rng.uniform(0.15, 0.4)
    return [dot(0.5, 0.5 - gap), dot(0.5, 0.5 + gap)]


def exclamation(rng):
    gap = rng.uniform(0.2, 0.3)
    return [*wobbled(rng, [[[0.5, 0], [0.5, 1 - gap]]]), dot(0.5, 1)]


def angle(rng):
    """Smaller or greater than."""
    side, height = rng.choice([-1, 1]), rng.uniform(0.25, 0.45)
    tip, end = 0.5 - 0.4 * side, 0.5 + 0.4 * side
    return wobbled(rng, [[[end, 0.5 - height], [tip, 0.5], [end, 0.5 + height]]])


def tilde(rng):
    x = np.linspace(0, 1, 40)
    return [np.stack([x, 0.5 + rng.uniform(0.08, 0.2) * np.sin(2 * np.pi * x)], axis=1)]


def tick(rng):
    return wobbled(rng, [[[0, rng.uniform(0.5, 0.7)], [rng.uniform(0.25, 0.4), 1], [1, 0]]])


def quotes(rng):
    gap = rng.uniform(0.15, 0.3)
    return wobbled(rng, [[[x, 0.2], [x, 0.7]] for x in (0.5 - gap, 0.5 + gap)])


def dot(x, y):
    return np.array([[x, y], [x + 0.01, y]])


def wobbled(rng, strokes):
    """The ends of the strokes a little elsewhere."""
    return [np.array(stroke) + rng.normal(0, 0.04, (len(stroke), 2)) for stroke in strokes]


def rim(rng):
    """Three or four sides of a box, or a corner of it that is no 7."""
    width, height = rng.uniform(0.3, 0.5, 2)
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]])
    turned = np.roll(corners, rng.integers(4), axis=0) + 0.5
    n = rng.integers(3, 6)
    if n == 3:  # at the lower left
        return [corners[[0, 3, 2]] + 0.5]
    return [np.concatenate([turned, turned[:1]])[:n]]


def specks(rng):
    return [dot(*rng.uniform(0, 1, 2)) for _ in range(rng.integers(3, 9))]


SCRIBBLES = [curve, zigzag, spiral, loops, hatching, dashes]
SHAPES = [star, crossed_circle, polygon, pentagram, house, smiley, arrow, grid]
SIGNS = [
    plus, minus, equals, times, divided, slash, parenthesis, full_stop, comma, colon, exclamation,
    angle, tilde, tick, quotes,
]  # fmt: skip
