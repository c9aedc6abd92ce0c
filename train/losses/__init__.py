"""What a student can be taught by, one loss a file. Every one returns a scalar, finite for two windows or more."""

from train.losses.alignment import AlignmentLoss
from train.losses.crd import ContrastiveRepresentationLoss
from train.losses.cross_knowledge import CrossKnowledge
from train.losses.fitnet import FitNetLoss
from train.losses.hinton import HintonLoss
from train.losses.mmd import MaximumMeanDiscrepancy
from train.losses.rkd import RelationalLoss
from train.losses.triplet import CrossModalTriplet, RetrievalTriplet

__all__ = [
    "AlignmentLoss",
    "ContrastiveRepresentationLoss",
    "CrossKnowledge",
    "CrossModalTriplet",
    "FitNetLoss",
    "HintonLoss",
    "MaximumMeanDiscrepancy",
    "RelationalLoss",
    "RetrievalTriplet",
]
