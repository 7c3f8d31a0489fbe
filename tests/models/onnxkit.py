"""Networks of a few numbers, so that tests of the pipeline need no weights of anybody."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

OPSET = 17
_IR_VERSION = 8


def network(
    nodes: Sequence[NodeProto],
    size: tuple[int, int],
    constants: Mapping[str, NDArray[np.generic]] | None = None,
    *,
    inputs: Sequence[str] = ("picture",),
    opset: int = OPSET,
    kind: int = TensorProto.FLOAT,
) -> bytes:
    """A network that reads ``inputs``, float32 (n, 3, *size), and writes ``answer`` as tensors of this kind."""
    graph = helper.make_graph(
        list(nodes),
        "test",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, *size]) for name in inputs],
        [helper.make_tensor_value_info("answer", kind, None)],
        [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def node(kind: str, reads: Sequence[str], writes: str, **settings: int | list[int]) -> NodeProto:
    made = helper.make_node(kind, reads, [writes])
    made.attribute.extend(helper.make_attribute(name, value) for name, value in settings.items())
    return made


def coarse(side: int, cells: int, opset: int = OPSET) -> bytes:
    """A network that answers with the picture of ``side`` itself, averaged to cells x cells: 3 * cells**2 numbers."""
    step = [side // cells] * 2
    nodes = [
        node("AveragePool", ["picture"], "pooled", kernel_shape=step, strides=step),
        node("Flatten", ["pooled"], "answer"),
    ]
    return network(nodes, (side, side), opset=opset)


def weighing(weights: NDArray[np.float32]) -> bytes:
    """A network that answers with one number: the sum of picture times ``weights`` (1, 3, height, width)."""
    nodes = [node("Mul", ["picture", "weights"], "weighed"), node("ReduceSum", ["weighed"], "answer", keepdims=0)]
    height, width = weights.shape[2:]
    return network(nodes, (height, width), {"weights": weights})


def saying(numbers: Sequence[float], size: tuple[int, int]) -> bytes:
    """A network that answers with these numbers for each picture, whatever it shows; NaN is a number here."""
    nodes = [
        node("GlobalAveragePool", ["picture"], "pooled"),
        node("Flatten", ["pooled"], "flat"),
        node("MatMul", ["flat", "nothing"], "zeros"),
        node("Add", ["zeros", "numbers"], "answer"),
    ]
    constants = {"nothing": np.zeros((3, len(numbers)), np.float32), "numbers": np.array(numbers, np.float32)}
    return network(nodes, size, constants)
