"""The office pages: the shop live, and plain tables of stock, orders, prints and unknown barcodes."""
