"""One training in several processes, as torchrun starts them; they come to what one process would.

Each process takes its part of every batch. Gradients are averaged by DistributedDataParallel; batch norm takes its
statistics over the whole batch, which torch's own SyncBatchNorm does on GPUs only.
"""

import os

import torch
import torch.distributed as dist
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from train.errors import TrainError, TrainReason


def started_together() -> bool:
    """Whether torchrun started this process, perhaps among others."""
    return dist.is_available() and dist.is_torchelastic_launched()


def is_first() -> bool:
    """Whether this process is the one that writes and talks."""
    return not started_together() or os.environ["RANK"] == "0"


def make_fabric() -> Fabric:
    """Of this process alone, or of all that torchrun started: gloo between processors, NCCL between GPUs.

    Raises:
        TrainError: BAD_CONFIG, more processes on this machine than GPUs.
    """
    if not started_together():
        return Fabric(accelerator="auto", devices=1)
    local = int(os.environ["LOCAL_WORLD_SIZE"])
    gpus = torch.cuda.device_count()
    if 0 < gpus < local:
        raise TrainError(
            TrainReason.BAD_CONFIG,
            f"{local} processes and {gpus} GPUs: give torchrun --nproc_per_node {gpus}, or set CUDA_VISIBLE_DEVICES= "
            "to train on processors",
        )
    nodes = int(os.environ["WORLD_SIZE"]) // local
    # Statistics of batch norm are alike everywhere already; nothing else is a buffer that changes.
    strategy = DDPStrategy(broadcast_buffers=False)
    fabric = Fabric(accelerator="auto", devices=local, num_nodes=nodes, strategy=strategy)
    fabric.launch()
    return fabric


def own_part(fabric: Fabric, batch: int) -> slice:
    """Which rows of a batch this process trains on.

    Args:
        fabric: of all processes.
        batch: rows.

    Raises:
        TrainError: BAD_CONFIG, the batch cannot be shared out evenly.
    """
    if batch % fabric.world_size:
        raise TrainError(
            TrainReason.BAD_CONFIG,
            f"batch_size = {batch} cannot be shared by {fabric.world_size} processes evenly; give torchrun another "
            "number of them",
        )
    size = batch // fabric.world_size
    return slice(fabric.global_rank * size, (fabric.global_rank + 1) * size)


def mean_of_all(fabric: Fabric, value: float) -> float:
    """The mean of every process's ``value``."""
    if fabric.world_size == 1:
        return value
    return float(_summed(torch.tensor(value, device=fabric.device))) / fabric.world_size


def share_norms(fabric: Fabric, network: nn.Module) -> None:
    """Let every batch norm take its statistics over all processes; names in the checkpoint stay the same."""
    if fabric.world_size == 1:
        return
    for module in list(network.modules()):
        for name, norm in module.named_children():
            if isinstance(norm, nn.BatchNorm2d):
                shared = SharedNorm(norm.num_features, norm.eps, norm.momentum).to(norm.weight)
                shared.load_state_dict(norm.state_dict())
                module.add_module(name, shared)


class SharedNorm(nn.BatchNorm2d):
    """Batch norm whose statistics are those of all processes' rows together, of which each has as many."""

    def forward(self, values: Tensor) -> Tensor:
        """Normalise, (n, channels, 1, m) to the same shape."""
        if not self.training:
            return super().forward(values)
        mean = _mean(values.mean(dim=(0, 2, 3)))
        centred = values - mean[:, None, None]
        variance = _mean(centred.square().mean(dim=(0, 2, 3)))
        self._remember(mean.detach(), variance.detach(), values.numel() // values.shape[1] * dist.get_world_size())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        return centred * scale[:, None, None] + self.bias[:, None, None]

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        """As ``nn.BatchNorm2d`` does: the running variance is the unbiased one."""
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * (count / (count - 1)), self.momentum)


class _Mean(torch.autograd.Function):
    """The mean over processes; so is its gradient."""

    @staticmethod
    def forward(_ctx: object, values: Tensor) -> Tensor:
        return _summed(values) / dist.get_world_size()

    @staticmethod
    def backward(_ctx: object, gradient: Tensor) -> Tensor:
        return _summed(gradient) / dist.get_world_size()


def _mean(values: Tensor) -> Tensor:
    mean: Tensor = _Mean.apply(values)  # type: ignore[no-untyped-call]
    return mean


def _summed(values: Tensor) -> Tensor:
    total = values.detach().clone(memory_format=torch.contiguous_format)
    dist.all_reduce(total)
    return total
