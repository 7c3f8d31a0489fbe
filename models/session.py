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
_ROUNDING = 1e-3


class Session:
    """One network on the CPU. ``fixed_size``: (width, height) it insists on, or None where any will do."""

    def __init__(self, content: bytes, name: str, wanted: PictureInput) -> None:
        options = onnxruntime.SessionOptions()
        # Finding and embedding a face take 12 ms of processor time on one thread and 13 on two, if two do not spin
        # while they wait; spinning (the default from two on) takes 70. On two cores busy with other work the clock
        # showed 18 to 27, 13 and 43 to 51 ms. Two threads would still not bring a verdict forward: the derivation of
        # the look-up key takes longer than the faces, has the other core, and would lose what the second thread
        # gains. With four cores nobody waits for the faces either.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._name = name
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except _RUNTIME_ERRORS as error:
            raise ModelError(f"{name} does not open: {_told(error)}; install the models again") from error
        # Kept for falling back to another provider, which is never done: it would be a second copy of the weights.
        self._session._model_bytes = b""  # noqa: SLF001
        inputs = self._session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        sizes = (3, wanted.height, wanted.width)
        # A name in place of a number stands for any size.
        if len(shape) != 4 or any(isinstance(is_, int) and is_ != be for is_, be in zip(shape[1:], sizes, strict=True)):
            raise ModelError(f"{name} does not want pictures of {sizes}; install the models again")
        self._input = inputs[0].name
        self._outputs = [output.name for output in self._session.get_outputs()]
        height, width = shape[2:]
        self.fixed_size = (width, height) if isinstance(width, int) and isinstance(height, int) else None

    def run(self, batch: Floats) -> dict[str, Floats]:
        """Outputs by name for an NCHW batch; ModelError where one of them is no number."""
        try:
            outputs = self._session.run(None, {self._input: batch})
        except _RUNTIME_ERRORS as error:
            raise ModelError(f"{self._name} failed: {_told(error)}; install the models again") from error
        for output in outputs:
            if getattr(output, "dtype", None) != np.float32 or not np.isfinite(output).all():
                raise ModelError(f"{self._name} answers with what is no number; install the models again")
        return dict(zip(self._outputs, outputs, strict=True))


def _told(error: Exception) -> str:
    return " ".join(str(error).split())


def as_batch(pictures: list[Picture], wanted: PictureInput) -> Floats:
    """BGR pictures of one size as the NCHW float32 batch that a network wants."""
    stack = np.stack(pictures).astype(np.float32)
    if wanted.colours == "RGB":
        stack = stack[..., ::-1]
    if (wanted.low, wanted.high) != (0.0, 255.0):
        stack = stack * np.float32((wanted.high - wanted.low) / 255.0) + np.float32(wanted.low)
    return np.ascontiguousarray(stack.transpose(0, 3, 1, 2))


def is_share(number: float) -> bool:
    """Whether a number is one of 0..1, as far as sums of single precision are."""
    return -_ROUNDING <= number <= 1 + _ROUNDING
