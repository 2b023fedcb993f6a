"""Seeds for a fit, without a change of the global random states."""

import random
from contextlib import contextmanager

import numpy as np


def draw_seeds(random_state, names):
    """Independent integer seeds, one for each name, all from one `random_state`.

    Parameters
    ----------
    random_state : None, int or numpy.random.RandomState
        None takes fresh entropy from the operating system and ignores NumPy's global state.
    names : sequence of str

    Returns
    -------
    seeds : dict of str to int
        Between 0 and 2**31 - 1.
    """
    if isinstance(random_state, np.random.RandomState):
        random_state = int(random_state.randint(2**31 - 1))
    sequence = np.random.SeedSequence(random_state)
    drawn = sequence.generate_state(len(names)) >> 1
    return dict(zip(names, drawn.tolist(), strict=True))


def refuse_lost_checkpoints(checkpoint_dir, random_state):
    """Raise if checkpoints are wanted that no later fit could find.

    Raises
    ------
    ValueError
    """
    if checkpoint_dir is not None and random_state is None:
        raise ValueError(
            "checkpoint_dir needs a random_state, got None: the next fit would draw other numbers "
            "and never find the checkpoint. Set random_state to an integer."
        )


@contextmanager
def seeded_globals(seed):
    """Seed Python's and NumPy's global generators inside the block, and restore both afterwards.

    Keras draws the seeds of its initializers and random layers from Python's generator.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
