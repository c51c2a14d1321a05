"""Money of orders: a ledger of movements per payment, by any means; what an order is owed and what was paid (record 0040)."""
