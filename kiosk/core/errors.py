"""Expected failures. Each names the fault it stands for; the catalogue says who must act and what to do."""

from enum import StrEnum, unique


@unique
class Fault(StrEnum):
    """What can be wrong with the kiosk, gravest first: the first one present is shown."""

    FONT = "font"
    CLOCK_BEHIND = "clock_behind"
    CLOCK_UNCONFIRMED = "clock_unconfirmed"
    POLICY = "policy"
    TABLE_MISSING = "table_missing"
    TABLE_DAMAGED = "table_damaged"
    TABLE_FOREIGN = "table_foreign"
    DATA_EXPIRED = "data_expired"
    JOURNAL = "journal"
    PCSCD = "pcscd"
    READER = "reader"
    # From here on the kiosk goes on serving: the line is UNKNOWN, or staff are told.
    CLOCK_JUMPED = "clock_jumped"
    CAMERA = "camera"
    MODELS = "models"
    SOUND = "sound"
    SITE_LIST = "site_list"  # the site's own list of residents and staff cannot be used

    @property
    def stops_service(self) -> bool:
        """True where no card can be judged until somebody has acted."""
        return self not in _TOLERATED

    @property
    def stops_reading(self) -> bool:
        """True where only the reading of cards is lost: a card already read is judged to the end (A13)."""
        return self in (Fault.PCSCD, Fault.READER)


_TOLERATED = frozenset({Fault.CLOCK_JUMPED, Fault.CAMERA, Fault.MODELS, Fault.SOUND, Fault.SITE_LIST})
GRAVITY = {fault: place for place, fault in enumerate(Fault)}


def gravest(faults: frozenset[Fault]) -> Fault | None:
    """The fault to show out of order for, or None while the kiosk can serve."""
    stopping = [fault for fault in faults if fault.stops_service]
    return min(stopping, key=GRAVITY.__getitem__, default=None)


class KioskError(Exception):
    """An expected failure; anything that is not a KioskError is a bug.

    ``detail`` is for the staff side and the technician, never for the public screen, and holds nothing personal.
    """

    def __init__(self, fault: Fault | None, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class CardError(KioskError):
    """The card could not be read; the visitor places it again."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)


class DeviceError(KioskError):
    """A device is missing or does not answer; its owner thread reopens it with back-off."""


class DeviceLostError(DeviceError):
    """A device that worked went away."""


class TableError(KioskError):
    """The table is missing, damaged or not for this kiosk; staff bring a new one."""


@unique
class Refusal(StrEnum):
    """Why a supply was refused; the old one goes on serving, and staff are told in words."""

    NO_SUPPLY = "no_supply"  # nothing on the medium that is one
    WRONG_KEY = "wrong_key"  # unsigned, signed by somebody else, or by too few
    EXPIRED = "expired"  # signed too long ago
    OLDER = "older"  # a lower version than was accepted before
    DAMAGED = "damaged"  # bytes are not those that were signed
    INCOMPLETE = "incomplete"  # a file is missing, or the medium was pulled out
    STRANGE_FILE = "strange_file"  # a link, a pipe, or far too large
    FOREIGN = "foreign"  # for another district or another mode
    NO_ENVELOPE = "no_envelope"  # this kiosk was given no key for it
    CONTRADICTS = "contradicts"  # content and what was signed about it differ
    NEW_FORMAT = "new_format"  # a format that this program does not know
    POLICY_FAILS = "policy_fails"  # a policy does not pass its own test vectors
    NO_ROOM = "no_room"  # the disk is too full
    DISK = "disk"  # the kiosk's own disk does not do what it should
    CLOCK = "clock"  # the kiosk's clock is behind what is signed
    BUSY = "busy"  # another import is running


class ImportRefusedError(KioskError):
    """A supply was not taken; nothing has changed."""

    def __init__(self, refusal: Refusal, detail: str) -> None:
        super().__init__(None, detail)
        self.refusal = refusal


class JournalError(KioskError):
    """The journal could not store an event; nothing passes until it can."""


class PolicyError(KioskError):
    """The policy is not usable; a technician corrects it."""

    def __init__(self, detail: str) -> None:
        super().__init__(Fault.POLICY, detail)


class SettingsError(KioskError):
    """The settings are not usable; a technician corrects them."""

    def __init__(self, detail: str) -> None:
        super().__init__(None, detail)
