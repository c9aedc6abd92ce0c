"""Names of people: what can be shown on any terminal, and when two are the same."""

import unicodedata

from device.errors import GalleryError, GalleryReason

MAX_NAME_CHARACTERS = 64  # Fits a line of any display; long enough for a full name.
_UNPRINTABLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


def composed(name: str) -> str:
    """Unicode's composed form: the same letters are the same name, however they were typed."""
    return unicodedata.normalize("NFC", name)


def _unprintable(character: str) -> bool:
    # The two joiners are part of how names are written in several scripts; other format characters can
    # reverse or hide what a terminal shows.
    return character not in "\u200c\u200d" and unicodedata.category(character) in _UNPRINTABLE


def checked_name(name: str) -> str:
    """A name in Unicode's composed form.

    Raises:
        GalleryError: INVALID_NAME for an empty, long or unprintable one, or with blanks around it.
    """
    name = composed(name)
    if not name or name != name.strip():
        what = "a name must not be empty or begin or end with a blank"
    elif len(name) > MAX_NAME_CHARACTERS:
        what = f"a name has at most {MAX_NAME_CHARACTERS} characters, this one {len(name)}"
    elif any(_unprintable(character) for character in name):
        what = "a name must not hold control or unprintable characters"
    else:
        return name
    raise GalleryError(GalleryReason.INVALID_NAME, f"{name[:MAX_NAME_CHARACTERS]!r}: {what}")
