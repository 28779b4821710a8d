"""Characters: what is in a text and cannot be seen, or looks like something else.

People copy addresses from web pages, mails and spreadsheets, and bring along what no font shows.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that most fonts draw like an ASCII letter (Unicode Technical Standard 39, confusables.txt,
# version 15; here the Cyrillic and Greek ones, which keyboards of half of Europe have)
_CYRILLIC = "аеорсухіјѕԁһԛԝѵАВЕЅІЈКМНОРСТУХԚԜ"
_AS_LATIN = "aeopcyxijsdhqwvABESIJKMHOPCTYXQW"
_GREEK = "οναιρυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_GREEK_AS_LATIN = "ovaipukABEZHIKMNOPTYX"
_LOOKS_LIKE = {
    **dict(zip(_CYRILLIC, _AS_LATIN, strict=True)),
    **dict(zip(_GREEK, _GREEK_AS_LATIN, strict=True)),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u2024", "."),
}
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # control, format, and every kind of space
_CONTROLS = {"\t": "tabulator", "\n": "line break", "\r": "carriage return"}

_SHORTENED = re.compile(r"[-+]?[0-9]([.,][0-9]+)?E[-+][0-9]+")  # 353155000000 to Excel: 3.53155E+11
# ECMA-376 part 1, section 18.17.3 "Error values", as Excel writes them into a table
_ERROR = re.compile(r"#(DIV/0!|N/A|NAME\?|NULL!|NUM!|REF!|VALUE!)")


def describe_suspect(text: str) -> str | None:
    """Name the first character that cannot be seen or looks like another; None if there is none.

    A space inside is seen; one at an end is not.
    """
    for position, character in enumerate(text, 1):
        if character == " " and text[:position].strip(" ") and text[position:].strip(" "):
            continue
        if why := _suspicion(character):
            return f"character {position} is {name(character)}, which {why}"
    return None


def name(character: str) -> str:
    """Name a character: `U+200B ZERO WIDTH SPACE`."""
    words = unicodedata.name(character, "") or _CONTROLS.get(character, "control character")
    return f"U+{ord(character):04X} {words}"


def is_blank(text: str) -> bool:
    """Return whether a text has characters, and none of them can be seen."""
    return bool(text) and all(unicodedata.category(each) in _UNSEEN for each in text)


def spreadsheet_word(text: str) -> str | None:
    """Say what a spreadsheet put in the place of a text; None when it is the text itself."""
    if _ERROR.fullmatch(text):
        return "an error"
    return "a number, shortened" if _SHORTENED.fullmatch(text) else None


def _suspicion(character: str) -> str | None:
    if unicodedata.category(character) in _UNSEEN:
        return "cannot be seen"
    if character.isascii():
        return None
    twin = _LOOKS_LIKE.get(character)
    if twin is None:  # the wide and the mathematical letters
        plain = unicodedata.normalize("NFKC", character)
        twin = plain if len(plain) == 1 and plain.isascii() else None
    return f"looks like {twin}" if twin else None
