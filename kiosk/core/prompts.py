"""What the kiosk can say."""

from enum import StrEnum, unique


@unique
class Prompt(StrEnum):
    """What the voice can say; a clip and a caption each, in every language."""

    PLACE_CARD = "place_card"
    PLACE_AGAIN = "place_again"
    NOT_AN_ID_CARD = "not_an_id_card"
    LOOK = "look"
    LOOK_AGAIN = "look_again"
    FACE_HELP = "face_help"
    PASS = "pass"
    HELP = "help"
    STOP = "stop"
    STAFF_COMING = "staff_coming"
    OUT_OF_ORDER = "out_of_order"
