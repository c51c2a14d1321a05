"""Print templates, content-addressed, as boxes fetch them; and the wish that a document be printed."""
