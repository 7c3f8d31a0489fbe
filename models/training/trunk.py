"""dlib's face network (King 2017) in PyTorch: a trunk that stays as it is, and a tail that is trained further."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.dlib import STAGES, Layer, Published

_MEAN = (122.782, 117.001, 104.298)
TRUNK_STAGES = 2  # stages of 32 and 64 channels


def _folded(layer: Layer) -> nn.Conv2d:
    """Convolution and affine layer in one."""
    out, coming, side, _ = layer.weight.shape
    conv = nn.Conv2d(coming, out, side, layer.stride, layer.padding)
    conv.weight.data = torch.from_numpy(layer.weight * layer.gamma[:, None, None, None])
    conv.bias = nn.Parameter(torch.from_numpy(layer.bias * layer.gamma + layer.beta))
    return conv


class Block(nn.Module):
    """Two convolutions beside a shortcut; a shrinking block's shortcut is averaged 2x2 and padded with zeros."""

    def __init__(self, first: Layer, second: Layer) -> None:
        super().__init__()
        self.first, self.second = _folded(first), _folded(second)
        self.shrinks = first.stride == 2

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(functional.relu(self.first(x)))
        if self.shrinks:
            x = functional.avg_pool2d(x, 2, 2)
        high, wide, deep = (max(x.shape[i], y.shape[i]) for i in (2, 3, 1))
        return functional.relu(_padded(x, high, wide, deep) + _padded(y, high, wide, deep))


def _padded(x: Tensor, high: int, wide: int, deep: int) -> Tensor:
    missing = (0, wide - x.shape[3], 0, high - x.shape[2], 0, deep - x.shape[1])
    return functional.pad(x, missing) if any(missing) else x


def _blocks(published: Published, stages: slice) -> nn.Sequential:
    layers = iter(published.layers[1:])
    every = [[Block(next(layers), next(layers)) for _ in range(count)] for _, count in STAGES]
    return nn.Sequential(*(block for stage in every[stages] for block in stage))


class Trunk(nn.Module):
    """RGB chips (n, 3, 150, 150) of 0..255 to features (n, 64, 17, 17)."""

    def __init__(self, published: Published) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.stem = _folded(published.layers[0])
        self.blocks = _blocks(published, slice(None, TRUNK_STAGES))

    def forward(self, x: Tensor) -> Tensor:
        x = (x - self.mean) / 256
        return self.blocks(functional.max_pool2d(functional.relu(self.stem(x)), 3, 2))


class Tail(nn.Module):
    """The rest: features (n, 64, 17, 17) to pooled (n, 256)."""

    def __init__(self, published: Published) -> None:
        super().__init__()
        self.blocks = _blocks(published, slice(TRUNK_STAGES, None))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x).mean((2, 3))
