"""PowerShell's quoting, strictly: what a script of ours says is read, everything else is refused.

Rules: PowerShell language specification 3.0, §2.3.5.2; which characters are quotes:
System.Management.Automation/engine/parser/CharTraits.cs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SINGLE = "'\u2018\u2019\u201a\u201b"
_WORD = re.compile(r"[A-Za-z0-9$:_|-][A-Za-z0-9$:._|-]*")


@dataclass(frozen=True)
class Token:
    """A word, a sign or a text in quotes.

    Attributes:
        kind: word, text or sign.
    """

    kind: str
    value: str


@dataclass(frozen=True)
class Step:
    """One `Invoke-Step`.

    Attributes:
        test: Tokens of the first block.
        command: Tokens of the second.
    """

    what: str
    test: tuple[Token, ...]
    command: tuple[Token, ...]

    @property
    def cmdlet(self) -> str:
        return self.command[0].value

    def get(self, parameter: str) -> tuple[str, ...]:
        """Return the texts and words that follow a parameter."""
        names = [each.value for each in self.command]
        if f"-{parameter}" not in names:
            return ()
        values: list[str] = []
        for token in self.command[names.index(f"-{parameter}") + 1 :]:
            if token.kind == "word" and token.value.startswith(("-", "|")):
                break
            if token.kind != "sign":
                values.append(token.value)
        return tuple(values)


def tokenize(line: str) -> Iterator[Token]:
    """Read one line.

    Raises:
        AssertionError: Something in it is neither a word, a sign nor a text in single quotes.
    """
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] in _SINGLE:
            text, at = _read_text(line, at + 1)
            yield Token("text", text)
        elif line[at] == "(":
            text, at = _read_sum(line, at + 1)
            yield Token("text", text)
        elif line[at] in "{}@=,":
            yield Token("sign", line[at])
            at += 1
        else:
            word = _WORD.match(line, at)
            assert word, f"no PowerShell of ours: {line[at:]!r}"
            yield Token("word", word[0])
            at = word.end()


def _read_text(line: str, at: int) -> tuple[str, int]:
    text = ""
    while True:
        assert at < len(line), f"a text without its end: {line!r}"
        if line[at] not in _SINGLE:
            text += line[at]
        elif at + 1 < len(line) and line[at + 1] in _SINGLE:
            at += 1
            text += line[at]  # of two quotes the second one stays
        else:
            return text, at + 1
        at += 1


def _read_sum(line: str, at: int) -> tuple[str, int]:
    """Read `'' + [char]0x0A + 'text')`: the left side is a text, so + joins."""
    assert line[at] in _SINGLE
    text = ""
    while line[at] != ")":
        if line[at] in " +":
            at += 1
        elif number := re.compile(r"\[char\]0x([0-9A-F]{4})").match(line, at):
            text += chr(int(number[1], 16))
            at = number.end()
        else:
            part, at = _read_text(line, at + 1)
            text += part
    return text, at + 1


def read_steps(script: str) -> list[Step]:
    """Read the steps of a script; each is one line."""
    lines = [line for line in script.split("\n") if line.startswith("Invoke-Step")]
    return [_read_step(tuple(tokenize(line))) for line in lines]


def _read_step(tokens: Sequence[Token]) -> Step:
    opens = [at for at, each in enumerate(tokens) if each == Token("sign", "{")]
    closes = [at for at, each in enumerate(tokens) if each == Token("sign", "}")]
    # @{Add='x'} has braces of its own.
    second = next(at for at in opens if at > closes[0])
    assert tokens[0] == Token("word", "Invoke-Step")
    assert tokens[1].kind == "text"
    assert opens[0] == 2
    assert second == closes[0] + 1
    assert closes[-1] == len(tokens) - 1
    return Step(tokens[1].value, tuple(tokens[3 : closes[0]]), tuple(tokens[second + 1 : -1]))
