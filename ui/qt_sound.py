"""Sound through Qt Multimedia, which speaks to PulseAudio and PipeWire. Importing it takes 0.2 s: import it late."""

from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Qt, pyqtSignal
from PyQt6.QtMultimedia import QAudio, QAudioFormat, QAudioSink, QMediaDevices

from kiosk.core.errors import Fault
from ui.sound import RATE, Utterance


def has_outputs() -> bool:
    """True where the sound server offers an output."""
    return bool(QMediaDevices.audioOutputs())


class QtSound(QObject):
    """Plays from any thread; the sink itself lives in the GUI thread, where this object is made."""

    _wanted = pyqtSignal(bytes)

    def __init__(self) -> None:
        super().__init__()
        form = QAudioFormat()
        form.setSampleRate(RATE)
        form.setChannelCount(1)
        form.setSampleFormat(QAudioFormat.SampleFormat.Int16)
        self._sink = QAudioSink(QMediaDevices.defaultAudioOutput(), form)
        self._source = QBuffer(self)
        self._wanted.connect(self._start, Qt.ConnectionType.QueuedConnection)  # type: ignore[call-arg]  # missing in stub

    @property
    def fault(self) -> Fault | None:
        # An underrun at the end of an utterance is normal.
        failed = self._sink.error() in (QAudio.Error.OpenError, QAudio.Error.IOError, QAudio.Error.FatalError)
        return Fault.SOUND if failed or not has_outputs() else None

    def play(self, utterance: Utterance) -> None:
        self._wanted.emit(utterance.samples)

    def close(self) -> None:
        self._sink.stop()
        self._source.close()

    def _start(self, samples: bytes) -> None:
        self.close()
        self._source.setData(QByteArray(samples))
        self._source.open(QIODevice.OpenModeFlag.ReadOnly)
        self._sink.start(self._source)
