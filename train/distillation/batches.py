"""Which windows make up an epoch's batches."""

import numpy as np
from numpy.typing import NDArray
from pytorch_metric_learning.samplers import MPerClassSampler
from pytorch_metric_learning.utils import common_functions

from train.distillation.config import ScheduleConfig


def epoch_batches(labels: NDArray[np.int64], schedule: ScheduleConfig, seed: int, epoch: int) -> NDArray[np.int64]:
    """Row numbers (batches, batch_size); people are drawn alike, whatever the number of their windows.

    The same ``seed`` and ``epoch`` give the same batches, so that a run that was cut goes on to the same result.
    """
    # The sampler draws from a generator that its library shares.
    common_functions.NUMPY_RANDOM = np.random.RandomState((seed * 100_003 + epoch) % 2**32)
    people, present = int(labels.max()) + 1, np.unique(labels).size
    size = min(schedule.batch_size, present * schedule.windows_in_batch)
    length = max(size, people * schedule.windows_per_person // size * size)
    rows = np.fromiter(MPerClassSampler(labels, schedule.windows_in_batch, size, length), dtype=np.int64)
    return rows.reshape(-1, size)
