"""Printers: one file per language.  Encoders load Pillow and python-escpos, and are themselves loaded with the first document."""
