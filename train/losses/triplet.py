"""Windows of one person nearer than those of others: to the teacher's, and among the student's own."""

from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import TripletMarginLoss
from torch import Tensor


class CrossModalTriplet:
    """Anchors of the student, positives and negatives of the teacher (relation term of arXiv 2501.01983).

    Every triplet of the batch that violates the margin counts, and the mean is over those alone ("batch all" of Hermans
    et al. 2017, arXiv 1703.07737). Likeness is the cosine, as it is on the device; half of FaceNet's squared distance.
    """

    def __init__(self, margin: float) -> None:
        """
        Args:
            margin: by how much the cosine to a positive has to exceed that to a negative.
        """
        # A TripletMarginMiner would find the same triplets again: the loss leaves out those of value 0.
        self._loss = TripletMarginLoss(margin, distance=CosineSimilarity())

    def __call__(self, zs: Tensor, zt: Tensor, labels: Tensor) -> Tensor:
        """Mean violation; 0 if there is none, or no triplet.

        Args:
            zs: (n, d) the student's aligned features.
            zt: (n, d) the teacher's, row i synchronous with row i of ``zs``.
            labels: (n,) the person, of both.
        """
        # Given the same tensor twice, the library takes the two sets for one and leaves the synchronous pairs out.
        loss: Tensor = self._loss(zs, labels, ref_emb=zt, ref_labels=labels.clone())
        return loss


class RetrievalTriplet:
    """The task itself on the student's own features, mined and measured as :class:`CrossModalTriplet` does."""

    def __init__(self, margin: float) -> None:
        """
        Args:
            margin: by how much the cosine to a positive has to exceed that to a negative.
        """
        self._loss = TripletMarginLoss(margin, distance=CosineSimilarity())

    def __call__(self, fs: Tensor, labels: Tensor) -> Tensor:
        """Mean violation; 0 if there is none, or no triplet.

        Args:
            fs: (n, d), of any length: it is the direction that counts.
            labels: (n,) the person.
        """
        loss: Tensor = self._loss(fs, labels)
        return loss
