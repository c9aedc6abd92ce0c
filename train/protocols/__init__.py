"""The protocols as code that cannot leak: what trains and what tests is told apart, and asserted, in one place."""

from train.protocols.few_shot import SHOTS, FewShot, few_shot
from train.protocols.split import Split, WindowSet, rivals
from train.protocols.splitting import split_people

__all__ = ["SHOTS", "FewShot", "Split", "WindowSet", "few_shot", "rivals", "split_people"]
