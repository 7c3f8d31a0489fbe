"""Every reason a line or a verdict can have, once. The codes are journal codes and never change meaning."""

from enum import StrEnum, unique


@unique
class Line(StrEnum):
    """The four lines of 人、证、码、行程."""

    PERSON = "person"
    CARD = "card"
    CODE = "code"
    ITINERARY = "itinerary"


@unique
class Reason(StrEnum):
    """Why a line is in its state."""

    # card
    P1 = "P1"  # read, authentic, in date or without end
    P2 = "P2"  # expired or not yet valid
    P3 = "P3"  # only the chip serial: the reader has no SAM
    P4 = "P4"  # could not be read
    P5 = "P5"  # contradicts itself
    P6 = "P6"  # number typed, no card
    P7 = "P7"  # on the lost or blocked list
    # person
    H1 = "H1"  # the face matches
    H1B = "H1b"  # matches, but liveness is required here and cannot be judged
    H2 = "H2"  # not sure
    H3 = "H3"  # three looks below the asking threshold
    H4A = "H4a"  # the visitor prefers no camera
    H4B = "H4b"  # no camera, no model or no photo
    H5 = "H5"  # staff confirmed
    H6 = "H6"  # nobody seen in time
    H7 = "H7"  # staff denied
    # health code
    C1 = "C1"  # green
    C2 = "C2"  # yellow
    C3 = "C3"  # red with reason and issuer
    C4 = "C4"  # red or yellow without a reason, or from an unknown issuer
    C5 = "C5"  # not in the table
    C6 = "C6"  # the table does not cover that region
    C7 = "C7"  # two authorities differ
    C8 = "C8"  # a newer statement of the same authority replaced the older one
    # nucleic acid test, vaccine
    N1 = "N1"  # not asked for
    N2 = "N2"  # negative within the limit
    N3 = "N3"  # negative but too old, or none
    N4 = "N4"  # positive, or under check
    N5 = "N5"  # newer than the table can know
    N6 = "N6"  # vaccine doses
    # itinerary
    T1 = "T1"  # nothing listed in the window
    T2 = "T2"  # a city that has a risk area
    T3 = "T3"  # a risk area itself
    T4 = "T4"  # abroad
    T5 = "T5"  # no itinerary
    T6 = "T6"  # itinerary much older than the codes
    # others
    X1 = "X1"  # fever, measured twice
    W1 = "W1"  # on a list of residents or staff
    V1 = "V1"  # the same card again
    S1 = "S1"  # line set by staff
    S2 = "S2"  # emergency pass
    S3 = "S3"  # registered by hand
    S4 = "S4"  # signed paper card
    # age of the data, clock, damage
    A1 = "A1"  # data as fresh as they should be
    A2 = "A2"  # older: banner
    A3 = "A3"  # stale: nothing that rests on the table counts
    A4 = "A4"  # too old to judge anybody
    A9 = "A9"  # the clock is behind the data
    A10 = "A10"  # the clock jumped
    A11 = "A11"  # the clock was not kept over a power loss
    A12 = "A12"  # stored UTC, shown Asia/Shanghai
    A13 = "A13"  # a device or the table could not be read
