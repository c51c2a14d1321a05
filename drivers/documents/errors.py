"""Errors of documents.  Leaf: imports nothing of ours.

DocumentError
├── BadTemplate      not a template; `problems` lists all of them
├── BadData          the data does not fit the template's fields; `problems` lists all of them
├── BadBarcode       the data cannot be written in that symbology, or does not fit where it is to stand
├── BadPicture       not a PNG picture, or one that is too large
├── NoGlyph          no font on this machine has that character
└── NotShaped        its letters would come out in a wrong order or shape on this machine
"""

from __future__ import annotations

import unicodedata


class DocumentError(Exception):
    """Base; `code` is stable, the message says what happened and what was expected."""

    code = "document_error"


class _Problems(DocumentError):
    """Several things are wrong, and all are told at once."""

    def __init__(self, what: str, problems: tuple[str, ...]) -> None:
        super().__init__(f"{what}: {'; '.join(problems)}")
        self.problems = problems


class BadTemplate(_Problems):
    code = "bad_template"


class BadData(_Problems):
    code = "bad_data"


class BadBarcode(DocumentError):
    code = "bad_barcode"


class BadPicture(DocumentError):
    code = "bad_picture"


class NoGlyph(DocumentError):
    """`character` is in no font of this machine."""

    code = "no_glyph"

    def __init__(self, character: str) -> None:
        name = unicodedata.name(character, "no name")
        super().__init__(f"no font on this machine has {character!r} (U+{ord(character):04X}, {name}); install one that has")
        self.character = character


class NotShaped(DocumentError):
    """`text` runs from the right, or its letters join or stack, and that cannot be done here."""

    code = "not_shaped"

    def __init__(self, text: str, needs: str) -> None:
        super().__init__(f"{text[:40]!r} would come out in a wrong order or shape: it needs {needs}")
        self.text = text
