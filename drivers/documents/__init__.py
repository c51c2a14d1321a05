"""Documents: labels and receipts as data, filled from templates, laid out in dots, previewed as PNG.  A leaf."""
