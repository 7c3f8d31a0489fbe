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
    # What the visitor can mend so that the face can be compared: one for each kiosk.core.ports.Hint, of the same name.
    ONE_PERSON = "one_person"
    COME_CLOSER = "come_closer"
    TAKE_OFF_MASK = "take_off_mask"
    FACE_CAMERA = "face_camera"
    MORE_LIGHT = "more_light"
    HOLD_STILL = "hold_still"
    PASS = "pass"
    HELP = "help"
    STOP = "stop"
    STAFF_COMING = "staff_coming"
    OUT_OF_ORDER = "out_of_order"
