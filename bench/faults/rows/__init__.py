"""The rows of the table, one a file: each has a ROW, and plays it with the remedy and without."""
