"""Write reports: rows in several formats, a DataFrame, a workbook, an HTML report."""
