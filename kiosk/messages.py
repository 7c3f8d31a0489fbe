"""What can lie on the station's queue."""

from dataclasses import dataclass

from kiosk.core import ports
from kiosk.core.errors import Fault
from kiosk.showing import Press


@dataclass(frozen=True, slots=True)
class KeyReady:
    """A derivation is done; whose, the number tells."""


@dataclass(frozen=True, slots=True)
class Reported:
    """Something outside the station's devices is lost or back."""

    fault: Fault
    present: bool


@dataclass(frozen=True, slots=True)
class StaffAnswer:
    """Staff answered the case on the public screen."""

    confirmed: bool


@dataclass(frozen=True, slots=True)
class Wake:
    """Look at the clock; or come to an end."""

    stop: bool = False


Message = ports.ReaderEvent | ports.FaceEvent | Press | KeyReady | Reported | StaffAnswer | Wake
