"""What is told of documents."""

from __future__ import annotations

from typing import ClassVar

from controller.events import Event


class DocumentWanted(Event, frozen=True, kw_only=True):
    """Somebody is to get this on paper, from a printer of `box`; `controller/printing.py` asks the box for it.

    `data` fills `template` as it is current then; the template's kind tells which printer.  `key` is unique per wish: the same key
    again prints nothing more.  `document` is what the paper is about (an order's number);
    `copy`: it was printed before, so the paper is marked COPY.  `private`: whose personal data is on it (`order_address:17`): the
    box fetches that as it prints, and it is in no event, topic or log; empty: nobody's.
    """

    name: ClassVar[str] = "document_wanted"
    key: str
    template: str
    box: str
    document: str
    data: dict[str, str | int | list[dict[str, str | int]]]
    copy: bool = False
    private: str = ""
