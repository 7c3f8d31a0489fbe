"""Where training computes: on a GPU where there is one, else on the CPU, in bfloat16 either way."""

import torch
from torch import Tensor, nn

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def placed(net: nn.Module) -> nn.Module:
    """The network where it will compute."""
    return net.to(DEVICE, memory_format=torch.channels_last)


def answer(net: nn.Module, pictures: Tensor) -> Tensor:
    """What a network says of (n, channels, height, width), as float32 on the device."""
    with torch.autocast(DEVICE.type, dtype=torch.bfloat16):
        said = net(pictures.float().to(DEVICE, memory_format=torch.channels_last))
    return said.float()
