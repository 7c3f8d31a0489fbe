"""What locator and landmarks are made of."""

from torch import Tensor, nn
from torch.nn import functional


def convolution(coming: int, going: int, stride: int = 1) -> nn.Sequential:
    """3x3, normalised, not below zero."""
    return nn.Sequential(
        nn.Conv2d(coming, going, 3, stride, 1, bias=False), nn.BatchNorm2d(going), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.second(self.first(x)))
