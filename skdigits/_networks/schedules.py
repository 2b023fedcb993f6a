"""Learning-rate schedules, as functions of progress from 0 to 1."""

import numpy as np


def constant(progress):
    """The same rate throughout."""
    return np.ones_like(progress)


def one_cycle(progress):
    """Linear rise over the first quarter, linear fall to nothing (Smith and Topin, 2018)."""
    return np.interp(progress, [0, 0.25, 1], [0.04, 1, 0])


def cosine(progress):
    """Half a cosine from the full rate to nothing (Loshchilov and Hutter, 2017)."""
    return (1 + np.cos(np.pi * progress)) / 2


def exponential(progress):
    """Decay by the same factor in each step, to a hundredth at the end."""
    return 0.01**progress


SCHEDULES = {
    "constant": constant,
    "cosine": cosine,
    "exponential": exponential,
    "one_cycle": one_cycle,
}
