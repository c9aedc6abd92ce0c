"""Which finished experiments may leave the laboratory: students who can be tested on people they never met."""

from train.distillation.config import DistillationConfig, Modality
from train.errors import TrainError, TrainReason
from train.protocols.config import Protocol


def require_student(config: DistillationConfig, epochs: int, source: str) -> None:
    """Pass whoever reads a pulse, has trained to the end, and left people out to set a threshold on.

    Args:
        config: the experiment.
        epochs: how many it has trained.
        source: the checkpoint, for messages.

    Raises:
        TrainError: BAD_CHECKPOINT, with what is in the way and what to export instead.
    """
    if config.modality == Modality.ECG:
        says = "reads ECG; a device has none: export its student"
    elif config.protocol.kind == Protocol.SAMPLE_WISE:
        says = (
            "knows only the people it was trained on, so no threshold for strangers can be set: export one of an "
            "unseen_* experiment"
        )
    elif epochs < config.schedule.epochs:
        says = (
            f"has trained {epochs} of {config.schedule.epochs} epochs: call pulsekey train with its config and "
            f"--seed {config.seed} again, and it goes on"
        )
    else:
        return
    raise TrainError(TrainReason.BAD_CHECKPOINT, f"{source} {says}")
