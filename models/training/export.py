"""Writes what was trained as files of a model set: ONNX with weights in half precision, and the tail's differences.

``python -m models.training.export locator|landmarks|mask IN.pt OUT.onnx`` and ``... tail IN.pt DAT OUT.npz``.
"""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from models.dlib import read_published
from models.training.landmarks import Landmarks
from models.training.locator import STRIDES, Locator
from models.training.mask import MaskHead
from models.training.tail import Student

_OPSET = 17
_SMALL = 64  # tensors of fewer numbers stay as they are


class _LocatorFile(nn.Module):
    """With YuNet's outputs: for each stride cls and obj (n, cells, 1), bbox (n, cells, 4), kps (n, cells, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Locator()

    def forward(self, bgr: Tensor) -> tuple[Tensor, ...]:
        maps = [out.flatten(2).transpose(1, 2) for out in self.net(bgr)]
        # The detector takes the root of cls times obj.
        scores = [torch.sigmoid(out[..., :1]) for out in maps]
        return (
            *scores,
            *(score * 1.0 for score in scores),
            *(out[..., 1:5] for out in maps),
            *(out[..., 5:] for out in maps),
        )


class _LandmarksFile(nn.Module):
    """points (n, 11): ten offsets in pixels of the crop, and 0..1 for being a face."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Landmarks()

    def forward(self, bgr: Tensor) -> Tensor:
        out = self.net(bgr)
        return torch.cat((out[:, :10], torch.sigmoid(out[:, 10:])), dim=1)


class _MaskFile(nn.Module):
    """masked (n, 1): 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.net = MaskHead()

    def forward(self, bgr: Tensor) -> Tensor:
        return torch.sigmoid(self.net(bgr))[:, None]


def _locator(state: dict[str, Tensor]) -> bytes:
    names = [f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES]
    sides = {name: {0: "n", 1: f"cells_{name[name.index('_') + 1 :]}"} for name in names}
    return _written(_LocatorFile(), state, (3, 192, 320), names, {"bgr": {0: "n", 2: "h", 3: "w"}, **sides})


def _landmarks(state: dict[str, Tensor]) -> bytes:
    return _written(_LandmarksFile(), state, (3, 80, 80), ["points"], _first("bgr", "points"))


def _mask(state: dict[str, Tensor]) -> bytes:
    return _written(_MaskFile(), state, (3, 48, 48), ["masked"], _first("bgr", "masked"))


def _first(*names: str) -> dict[str, dict[int, str]]:
    return {name: {0: "n"} for name in names}


def _written(
    module: nn.Module,
    state: dict[str, Tensor],
    size: tuple[int, int, int],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> bytes:
    module.net.load_state_dict(state)
    file = io.BytesIO()
    torch.onnx.export(
        module.eval(),
        (torch.zeros(1, *size),),
        file,
        input_names=["bgr"],
        output_names=outputs,
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(file.getvalue())
    _halve(model.graph)
    del model.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _halve(graph: onnx.GraphProto) -> None:
    """Store weights in half precision; ONNX Runtime makes float32 of them once, when the file is opened."""
    casts = []
    for tensor in graph.initializer:
        numbers = numpy_helper.to_array(tensor)
        if numbers.dtype != np.float32 or numbers.size < _SMALL:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(numbers.astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def tail_differences(state: dict[str, Tensor], dat: bytes) -> dict[str, np.ndarray]:
    """``delta.N.weight|bias`` of the folded layers of the tail, and the projection; float16."""
    published = read_published(dat)
    student = Student(published, dropout=0.0)
    student.load_state_dict(state)
    first = len(published.layers) - 2 * len(student.tail.blocks)
    arrays = {"projection.weight": student.projection.weight, "projection.bias": student.projection.bias}
    for number, block in enumerate(student.tail.blocks):
        for half, conv in enumerate((block.first, block.second)):
            index = first + 2 * number + half
            layer = published.layers[index]
            arrays[f"delta.{index}.weight"] = conv.weight - torch.from_numpy(
                layer.weight * layer.gamma[:, None, None, None]
            )
            arrays[f"delta.{index}.bias"] = conv.bias - torch.from_numpy(layer.bias * layer.gamma + layer.beta)
    return {name: value.detach().numpy().astype(np.float16) for name, value in arrays.items()}


_ROLES: dict[str, Callable[[dict[str, Tensor]], bytes]] = {"locator": _locator, "landmarks": _landmarks, "mask": _mask}

if __name__ == "__main__":
    trained = torch.load(sys.argv[2], weights_only=True, map_location="cpu")
    if sys.argv[1] == "tail":
        np.savez_compressed(sys.argv[4], **tail_differences(trained, Path(sys.argv[3]).read_bytes()))  # type: ignore[arg-type]
    else:
        Path(sys.argv[3]).write_bytes(_ROLES[sys.argv[1]](trained))
