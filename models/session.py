"""ONNX Runtime: the only module that touches it."""

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from kiosk.frames import Picture
from models.manifest import ModelError, PictureInput

Floats = NDArray[np.float32]

# ONNX Runtime's exceptions share no base class of their own.
_RUNTIME_ERRORS = (
    errors.EPFail,
    errors.EngineError,
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NoModel,
    errors.NotImplemented,
    errors.RuntimeException,
    ValueError,
)
_ERRORS_ONLY = 3


class Session:
    """One network on the CPU. ``fixed_size``: (width, height) it insists on, or None where any will do."""

    def __init__(self, content: bytes, name: str) -> None:
        options = onnxruntime.SessionOptions()
        # Two threads save 3 ms of 12 on an idle two-core machine, but at the moment that counts the other core
        # derives the look-up key, and a second thread would only delay that.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._name = name
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _RUNTIME_ERRORS as error:
            raise ModelError(f"{name} does not open: {error}; install the models again") from error
        [entry] = self._session.get_inputs()
        self._input = entry.name
        self._outputs = [output.name for output in self._session.get_outputs()]
        height, width = entry.shape[2:]
        self.fixed_size = (width, height) if isinstance(width, int) and isinstance(height, int) else None

    def run(self, batch: Floats) -> dict[str, Floats]:
        """Outputs by name for an NCHW batch."""
        try:
            return dict(zip(self._outputs, self._session.run(None, {self._input: batch}), strict=True))
        except _RUNTIME_ERRORS as error:
            raise ModelError(f"{self._name} failed: {error}; install the models again") from error


def as_batch(pictures: list[Picture], wanted: PictureInput) -> Floats:
    """BGR pictures of one size as the NCHW float32 batch that a network wants."""
    stack = np.stack(pictures).astype(np.float32)
    if wanted.colours == "RGB":
        stack = stack[..., ::-1]
    if (wanted.low, wanted.high) != (0.0, 255.0):
        stack = stack * np.float32((wanted.high - wanted.low) / 255.0) + np.float32(wanted.low)
    return np.ascontiguousarray(stack.transpose(0, 3, 1, 2))
