"""Reports for other programs and for people: rows in every format, a DataFrame, a workbook, a page."""
