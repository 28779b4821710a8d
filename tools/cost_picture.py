"""Draw what a deployment costs over the size of the organization, from the table of decision 25.

    python tools/cost_picture.py

Writes docs/images/cost.svg.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "decisions" / "0025-few-are-looked-up-by-name.md"
PICTURE = ROOT / "docs" / "images" / "cost.svg"

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 30, 50
COLOURS = {
    "every address changes": "#7a3e9d",
    "first deployment": "#b35900",
    "one in twenty leaves": "#00738a",
    "one renamed": "#b0006d",
    "one more": "#1a7f37",
}
"""Of the lines; each stands out from white by 4.5 to 1 (WCAG 2.2, 1.4.3)."""


def read_table(text: str) -> tuple[list[int], dict[str, list[int]]]:
    """Read the table.

    Returns:
        The sizes, and of each kind of deployment its calls, one for each size.
    """
    (head,) = re.findall(r"^\| users \| (.*) \|$", text, re.MULTILINE)
    rows = re.findall(r"^\| (\d+) \| (.*) \|$", text, re.MULTILINE)
    cells = [[int(cell.split()[0]) for cell in row.split(" | ")] for _, row in rows]
    columns = zip(head.split(" | "), zip(*cells, strict=True), strict=True)
    return [int(size) for size, _ in rows], {name: list(calls) for name, calls in columns}


def draw(sizes: list[int], calls: dict[str, list[int]]) -> str:
    """Draw lines on two logarithmic axes, each with its name at its end."""
    most = math.ceil(math.log10(max(max(each) for each in calls.values())))
    first, last = math.log10(sizes[0]), math.log10(sizes[-1])

    def x(users: float) -> float:
        return LEFT + (math.log10(users) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(count: float) -> float:
        return HEIGHT - BOTTOM - math.log10(count) / most * (HEIGHT - TOP - BOTTOM)

    picture = ET.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        attrib={"font-family": "sans-serif", "font-size": "13"},
    )
    ET.SubElement(picture, "title").text = "Calls of a deployment by the number of users"
    ET.SubElement(picture, "rect", width=str(WIDTH), height=str(HEIGHT), fill="#ffffff")

    def write(text: str, at: tuple[float, float], anchor: str, fill: str = "#333333") -> None:
        place = {"x": f"{at[0]:.1f}", "y": f"{at[1]:.1f}", "text-anchor": anchor, "fill": fill}
        ET.SubElement(picture, "text", place).text = text

    for power in range(most + 1):
        at = f"{y(10**power):.1f}"
        ends = {"x1": str(LEFT), "x2": str(WIDTH - RIGHT), "y1": at, "y2": at}
        ET.SubElement(picture, "line", ends, stroke="#dddddd")
        write(f"{10**power:,}".replace(",", " "), (LEFT - 8, y(10**power) + 4), "end")
    for size in sizes:
        write(f"{size:,}".replace(",", " "), (x(size), HEIGHT - BOTTOM + 20), "middle")
    write("users", ((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10), "middle")
    write("calls", (LEFT - 8, TOP - 12), "end")
    for name, colour in COLOURS.items():
        places = [(x(size), y(count)) for size, count in zip(sizes, calls[name], strict=True)]
        points = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
        line = {"points": points, "fill": "none", "stroke": colour, "stroke-width": "2"}
        ET.SubElement(picture, "polyline", line)
        # The two that change one user end at almost the same height.
        shift = {"one renamed": -4, "one more": 12}.get(name, 4)
        write(name, (places[-1][0] + 8, places[-1][1] + shift), "start", colour)
    ET.indent(picture)
    return ET.tostring(picture, encoding="unicode") + "\n"


def make() -> str:
    """Make the picture as it has to be."""
    return draw(*read_table(PAGE.read_text("utf-8")))


def main() -> None:
    """Write it."""
    PICTURE.write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
