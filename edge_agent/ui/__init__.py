"""The design language shared by floor and office: tokens, base styles, macros, and how a page speaks a language.  Leaf."""
