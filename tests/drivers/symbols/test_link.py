"""Vectors: GS1 Barcode Syntax Engine (github.com/gs1/gs1-barcode-engine, Apache-2.0), ``src/c-lib/dl.c``, test_dl_parseDLuri."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.symbols.gs1 import Element
from drivers.symbols.link import NotRead, parse_link

READ = {
    "http://a/00/006141411234567890": "00 006141411234567890",
    "HTTPS://a/00/006141411234567890": "00 006141411234567890",
    "https://a/01/12312312312333": "01 12312312312333",
    "https://[2001:db8::1]/01/12312312312333": "01 12312312312333",
    "https://a:65535/01/12312312312333": "01 12312312312333",
    "https://a/more/stem/00/006141411234567890": "00 006141411234567890",
    "https://a/00/faux/00/006141411234567890": "00 006141411234567890",
    "https://a/01/2112345678900": "01 02112345678900",
    "https://a/01/416000336108": "01 00416000336108",
    "https://a/01/12312312312333/22/TEST/10/ABC/21/XYZ": "01 12312312312333 22 TEST 10 ABC 21 XYZ",
    "https://a/01/12312312312333/235/TEST": "01 12312312312333 235 TEST",
    "https://a/253/1231231231232": "253 1231231231232",
    "https://a/8018/123456789012345675/8019/123": "8018 123456789012345675 8019 123",
    "https://a/stem/00/006141411234567890?": "00 006141411234567890",
    "https://a/stem/401/12345678?99=ABC": "401 12345678 99 ABC",
    "https://a/01/12312312312333?&&&99=ABC&&&&&&98=XYZ&&&": "01 12312312312333 99 ABC 98 XYZ",
    "https://a/01/12312312312333?singleton1&unknown1=555&99=ABC&singleton2&98=XYZ": "01 12312312312333 99 ABC 98 XYZ",
    "https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ%2f987": "01 12312312312333 22 ABC-123 99 ABC 98 XYZ/987",
    "https://a/01/12312312312333/22/ABC+123?99=ABC": "01 12312312312333 22 ABC+123 99 ABC",
    "https://a/01/12312312312333/22/test/10/abc/21/xyz#fragment": "01 12312312312333 22 test 10 abc 21 xyz",
    "https://id.gs1.org/01/09520123456788/10/ABC1/21/12345?17=180426": "01 09520123456788 10 ABC1 21 12345 17 180426",
    "https://example.com/01/9520123456788?3103=000195&3922=0299&17=201225": "01 09520123456788 3103 000195 3922 0299 17 201225",
    "https://id.gs1.org/00/952012345678912345?02=09520123456788&37=25&10=A1": "00 952012345678912345 02 09520123456788 37 25 10 A1",
    "https://id.gs1.org/414/9520123456788/254/32a%2Fb": "414 9520123456788 254 32a/b",
    "https://example.com/8004/9520614141234567?01=9520123456788": "8004 9520614141234567 01 09520123456788",
    "https://id.gs1.org/01/09520123456788/235/XYZ?10=ABC123": "01 09520123456788 235 XYZ 10 ABC123",
}
NOT_READ = (
    "", "ftp://", "http://", "http:///", "http://a", "http://a/", "http://a/b", "http://a/b/",
    "HtTp://a/b/00/006141411234567890",
    "https://00/006141411234567890",
    "https://a/gtin/12312312312333",
    "https://a/253/1231231231232TEST56789012345678",
    "https://a/stem/00/006141411234567890/",
    "https://a/01/12312312312333?99=",
    "https://a/01/12312312312333?99=ABC&999=faux",
    "https://a/01/12312312312333/22/ABC%2d123?99=ABC&98=XYZ+987",
    "https://example.com/01/09520123456788?10=ABC123",
    "https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&01=09520123456788",
    "https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&10=ABC123",
    "https://id.gs1.org/01/09520123456788/10/ABC123?99=XYZ789&99=XYZ789",
    "https://example.com/01/09520123456788/89/ABC123?99=XYZ",
    "https://example.com/01/09520123456788?99=XYZ&89=ABC123",
)  # fmt: skip


@pytest.mark.parametrize(("uri", "elements"), READ.items())
def test_links_are_read_as_gs1_reads_them(uri: str, elements: str) -> None:
    words = elements.split()
    assert parse_link(uri) == tuple(Element(ai, value) for ai, value in zip(words[::2], words[1::2], strict=True))


@pytest.mark.parametrize("uri", NOT_READ)
def test_what_gs1_refuses_is_not_read(uri: str) -> None:
    with contextlib.suppress(NotRead):
        assert parse_link(uri) is None


@pytest.mark.parametrize(
    "uri",
    [
        "https://id.gs1.org/CgMlUUAcOAAnFw",  # compressed
        "https://id.gs1.org/01/09520123456788/CgMlUUAcOAAnFw",
        "https://a/01/12312312312334",  # check digit
        "https://a/01/12312312312333/21/X/10/A",  # order
    ],
)
def test_a_link_that_is_one_and_cannot_be_read_is_told(uri: str) -> None:
    with pytest.raises(NotRead):
        parse_link(uri)


@given(st.text(max_size=60))
def test_any_text_is_read_or_not(text: str) -> None:
    for each in (text, f"https://a/{text}", f"https://{text}/01/12312312312333", f"https://a/01/12312312312333?{text}"):
        with contextlib.suppress(NotRead):
            parse_link(each)
