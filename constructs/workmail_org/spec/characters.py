"""Characters: what is in a text and cannot be seen, or looks like something else.

People copy addresses from web pages, mails and spreadsheets, and bring along what no font shows.
"""

from __future__ import annotations

import re
import unicodedata

# Letters that most fonts draw like an ASCII letter (Unicode Technical Standard 39, confusables.txt,
# version 15; here the Cyrillic, Greek and Turkish ones, which keyboards of half of Europe have)
_CYRILLIC = "аеорсухіјѕԁһԛԝѵАВЕЅІЈКМНОРСТУХԚԜ"
_AS_LATIN = "aeopcyxijsdhqwvABESIJKMHOPCTYXQW"
_GREEK = "οναιρυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ"
_GREEK_AS_LATIN = "ovaipukABEZHIKMNOPTYX"
_LOOKS_LIKE = {
    **dict(zip(_CYRILLIC, _AS_LATIN, strict=True)),
    **dict(zip(_GREEK, _GREEK_AS_LATIN, strict=True)),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
    **dict.fromkeys("\u2024", "."),
    **dict.fromkeys("\u2018\u2019", "'"),
    "\u0131": "i",
    "\u0261": "g",
}
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp")  # control, format, and every kind of space
_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\u2800]"
)
"""Letters and marks that no font shows (Unicode 15, DerivedCoreProperties.txt,
Default_Ignorable_Code_Point), and the blank pattern of Braille."""
_CONTROLS = {"\t": "tabulator", "\n": "line break", "\r": "carriage return"}

# C0, DEL and C1 steer terminals; U+2028 and U+2029 break lines; the bidirectional controls make a
# line read other than it is (CVE-2021-42574); half a surrogate pair cannot be printed at all.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_SHORTENED = re.compile(r"[-+]?[0-9]([.,][0-9]+)?E[-+][0-9]+")  # 353155000000 to Excel: 3.53155E+11
_NARROW = re.compile("#{2,}")  # Excel saves what a column shows: ##### where it is too narrow
# ECMA-376 part 1, section 18.17.3 "Error values", as Excel writes them into a table, in any of its
# languages: #VALUE!, #WERT!, #¡VALOR!, #NOM?, #ДЕЛ/0!
_ERROR = re.compile(r"#[¡¿]?[^\W\d_]+(?:[/_](?:[^\W\d_]+|0))*[!?]")
# LibreOffice Help, "Error Codes in LibreOffice Calc"
_CALC = re.compile("Err:5[0-9]{2}")
_NOT_AVAILABLE = frozenset(
    {
        *("#N/A", "#NV", "#I/T", "#N/B", "#N/D", "#N/V", "#YOK", "#HIÁNYZIK", "#NEDOSTUPNÝ"),
        *("#NENÍ_K_DISPOZICI", "#Н/Д", "#Δ/Υ"),  # noqa: RUF001 - Russian and Greek
    }
)
"""The only one without a mark at its end, as the function NA() shows it in Excel's languages:
English, German, Danish and Norwegian, Dutch, Italian and Portuguese, Slovenian, Turkish,
Hungarian, Slovak, Czech, Russian, Greek (support.microsoft.com, "NA function", by language)."""


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


def put_before(hint: str | None, text: str) -> str | None:
    """Put the first character that cannot be seen, or looks like another, before a hint."""
    return "; ".join(each for each in (describe_suspect(text), hint) if each) or None


def name(character: str) -> str:
    """Name a character: `U+200B ZERO WIDTH SPACE`."""
    words = unicodedata.name(character, "") or _CONTROLS.get(character, "control character")
    return f"U+{ord(character):04X} {words}"


def is_blank(text: str) -> bool:
    """Return whether a text has characters, and none of them can be seen."""
    return bool(text) and all(map(_is_unseen, text))


def spreadsheet_word(text: str) -> str | None:
    """Say what a spreadsheet put in the place of a text; None when it is the text itself."""
    if text in _NOT_AVAILABLE or _is_error(text):
        return "an error"
    if _NARROW.fullmatch(text):
        return "a value that its column is too narrow for"
    return "a number, shortened" if _SHORTENED.fullmatch(text) else None


def _is_error(text: str) -> bool:
    """Tell whether a text is an error of Excel, which are in capitals, or of Calc."""
    return bool(_ERROR.fullmatch(text) and text == text.upper()) or bool(_CALC.fullmatch(text))


def escape(text: str) -> str:
    r"""Make what steers a terminal visible: `\x1b` instead of an escape character."""
    return _UNSAFE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or bool(_IGNORABLE.fullmatch(character))


def _suspicion(character: str) -> str | None:
    if _is_unseen(character):
        return "cannot be seen"
    if character.isascii():
        return None
    twin = _LOOKS_LIKE.get(character)
    if twin is None:  # the wide and the mathematical letters
        plain = unicodedata.normalize("NFKC", character)
        twin = plain if len(plain) == 1 and plain.isascii() else None
    return f"looks like {twin}" if twin else None
