"""Reports: one question each, answered by reads over the other features' tables, as pages, CSV and XLSX."""
