"""Spreadsheets made into XForms, at arm's length: a workbook is a stranger's program."""
