"""What a window costs, step by step; the last line of stdout says how many there were, and how many good ones.

Marks: front end from 0 to 1, network from 1 to 2, comparison and decision from 3 to 4. All is executed once before, so
that nothing is counted that happens only once.
"""

import sys

import numpy as np
from marks import mark
from windows import blocks_of

from device.bundle import load_bundle
from device.comparison import comparator_of
from device.decision import boundaries_at
from device.embedders import load_embedder
from device.frontend import BoardFrontEnd, Window
from device.gallery import References
from device.pipeline import Recogniser

SECONDS = 60.0
_WEARER = "ada"
_PEOPLE = 5


class Remembering:
    """An embedder that gives embeddings made before, in order."""

    runtime = "none"

    def __init__(self, embeddings: list[np.ndarray]) -> None:
        self._embeddings = iter(embeddings)
        self.embedding_size = embeddings[0].size

    def embed(self, pulse: np.ndarray) -> np.ndarray:
        """The next one."""
        return next(self._embeddings)


def main(runtime: str) -> None:
    """Go one sitting's way twice, and mark the second."""
    bundle = load_bundle(None)
    embedder = load_embedder(bundle, runtime)
    blocks = list(blocks_of(_WEARER, SECONDS))
    for go in range(2):
        front_end = BoardFrontEnd(bundle.front_end)
        if go:
            mark(0)
        windows: list[Window] = [window for block in blocks for window in front_end.feed(block)]
        good = [window for window in windows if window.quality.reason is None]
        if go:
            mark(1)
        embeddings = [embedder.embed(window.pulse) for window in good]
        if go:
            mark(2)
        # Nobody it is like, so that an attempt takes as many windows as one can.
        strangers = np.random.default_rng(0).standard_normal((_PEOPLE, embedder.embedding_size)).astype(np.float32)
        strangers /= np.linalg.norm(strangers, axis=1, keepdims=True)
        recogniser = Recogniser(
            front_end=front_end,
            embedder=Remembering(embeddings),
            references=References(tuple(f"p{i}" for i in range(_PEOPLE)), strangers),
            comparator=comparator_of(bundle),
            boundaries=boundaries_at(bundle.manifest.decision),
        )
        if go:
            mark(3)
        for window in windows:
            for _ in recogniser.take(window):
                pass
        if go:
            mark(4)
    print(len(windows), len(good))


if __name__ == "__main__":
    main(sys.argv[1])
