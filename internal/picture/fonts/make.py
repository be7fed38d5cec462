#!/usr/bin/env python3
"""Makes the two fonts of pictures from Inter's OpenType files.

    /usr/bin/python3 make.py /usr/share/fonts/opentype/inter

Needs Debian's python3-fonttools and fonts-inter. What comes out has quadratic
outlines without components or hints, figures all of one width, and nothing
beside the tables that a browser asks for, so that subset.go stays short.
"""

import sys

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x218, 0x21B), (0x386, 0x3CE), (0x400, 0x4FF),
    (0x1E9E, 0x1E9E), (0x2010, 0x2015), (0x2018, 0x201E), (0x2020, 0x2022), (0x2026, 0x2026), (0x202F, 0x202F),
    (0x2030, 0x2033), (0x2039, 0x203A), (0x2070, 0x2089), (0x20A4, 0x20BF), (0x2116, 0x2116), (0x2122, 0x2122),
    (0x2190, 0x2199), (0x2206, 0x2206), (0x2212, 0x2212), (0x221A, 0x221A), (0x221E, 0x221E), (0x2248, 0x2248),
    (0x2260, 0x2265), (0x25A0, 0x25CF), (0x2713, 0x2717),
]


def quadratic(font):
    glyphs = font.getGlyphSet()
    order = font.getGlyphOrder()
    outlines = {}
    for name in order:
        pen = TTGlyphPen(None)
        glyphs[name].draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
        outlines[name] = pen.glyph()
    font["loca"] = newTable("loca")
    glyf = font["glyf"] = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = order, outlines
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in ("maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs", "maxStackElements",
                  "maxSizeOfInstructions", "maxComponentElements", "maxPoints", "maxContours", "maxCompositePoints",
                  "maxCompositeContours", "maxComponentDepth"):
        setattr(maxp, field, 1 if field == "maxZones" else 0)
    font["post"].formatType = 3.0
    del font["CFF "]
    font.sfntVersion = "\000\001\000\000"


def figures(font):
    """What the feature of figures of one width puts in the place of a glyph."""
    gsub = font["GSUB"].table
    found = {}
    for record in gsub.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for part in gsub.LookupList.Lookup[index].SubTable:
                    found.update(getattr(part, "ExtSubTable", part).mapping)
    return found


def make(source, target):
    font = TTFont(source)
    tabular = figures(font)
    for table in font["cmap"].tables:
        if table.isUnicode():
            for digit in map(ord, "0123456789"):
                table.cmap[digit] = tabular.get(table.cmap[digit], table.cmap[digit])
    options = subset.Options(layout_features=[], hinting=False, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True,
                             glyph_names=False, drop_tables=["GSUB", "GPOS", "GDEF", "kern", "DSIG", "STAT"])
    cut = subset.Subsetter(options)
    cut.populate(unicodes=[c for low, high in RANGES for c in range(low, high + 1)])
    cut.subset(font)
    quadratic(font)
    font.save(target)
    print(target, len(font.getGlyphOrder()), "glyphs")


if __name__ == "__main__":
    make(sys.argv[1] + "/Inter-Regular.otf", "regular.ttf")
    make(sys.argv[1] + "/Inter-SemiBold.otf", "semibold.ttf")
