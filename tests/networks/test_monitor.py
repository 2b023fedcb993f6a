"""The progress bar of a fit: what it says about the time left."""

import time

import pytest

from skdigits._networks.monitor import ProgressBar


@pytest.fixture
def bar():
    callback = ProgressBar()
    callback.set_params({"epochs": 4, "steps": 25})
    callback.on_train_begin()
    yield callback
    callback.on_train_end()


def seconds_left(callback):
    shown = callback.bar.format_dict
    return (shown["total"] - shown["n"]) * shown["elapsed"] / (shown["n"] - shown["initial"])


@pytest.mark.parametrize("epoch", [0, 2])
def test_time_left_counts_neither_the_first_batch_nor_restored_epochs(bar, epoch):
    bar.on_epoch_begin(epoch)
    time.sleep(0.5)  # the network is compiled
    for batch in range(10):
        time.sleep(0.02 if batch else 0)
        bar.on_train_batch_end(batch)
    n_left = 25 * (4 - epoch) - 10
    assert bar.bar.n == 25 * epoch + 10
    assert n_left * 0.01 < seconds_left(bar) < n_left * 0.04
