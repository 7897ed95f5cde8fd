"""A workbook that recalculates: budget, images, calculator, prices. The only room that needs XlsxWriter."""

from imgcost.reports.workbook.offers import Inputs
from imgcost.reports.workbook.writing import WorkbookWriter

__all__ = ["Inputs", "WorkbookWriter"]
