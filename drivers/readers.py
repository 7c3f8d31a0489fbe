"""Card readers by URL: ``pcsc:``, ``pcsc:NAME PREFIX``, ``sim:``."""

from collections.abc import Callable

from drivers.pcsc import PcscReader
from drivers.sim import SimReader
from kiosk.core.errors import SettingsError
from kiosk.core.ports import CardReader, Clock


def _sim(rest: str, clock: Clock) -> CardReader:
    if rest:
        raise SettingsError(f"reader 'sim:{rest}': there is nothing to choose after sim:, write sim:")
    return SimReader(clock)


_OPENERS: dict[str, Callable[[str, Clock], CardReader]] = {
    "pcsc": PcscReader,  # any reader, or those whose name begins with the rest
    "sim": _sim,
}


def open_reader(url: str, clock: Clock) -> CardReader:
    """The reader a URL names, not yet started; SettingsError for a scheme that does not exist."""
    scheme, colon, rest = url.partition(":")
    if not colon or scheme not in _OPENERS:
        known = ", ".join(f"{name}:" for name in _OPENERS)
        raise SettingsError(f"reader '{url}' is not known; known are {known} (for example pcsc: or pcsc:ACS ACR1281)")
    return _OPENERS[scheme](rest, clock)
