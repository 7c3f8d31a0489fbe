import pytest

from drivers.pcsc import PcscReader
from drivers.readers import open_reader
from drivers.sim import SimReader
from kiosk.core.errors import SettingsError
from tests.rigs import RealClock


@pytest.mark.parametrize(
    ("url", "kind"), [("pcsc:", PcscReader), ("pcsc:ACS ACR1281", PcscReader), ("sim:", SimReader)]
)
def test_a_url_names_its_reader(url: str, kind: type) -> None:
    assert type(open_reader(url, RealClock())) is kind


@pytest.mark.parametrize("url", ["", "pcsc", "usb:", "PCSC:", "sim:2"])
def test_an_unknown_url_is_refused_with_what_is_known(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        open_reader(url, RealClock())
    assert f"'{url}'" in refused.value.detail
    assert "pcsc:" in refused.value.detail or "write sim:" in refused.value.detail
