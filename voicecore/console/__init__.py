"""What people see of calls: the live view, tables, and reports as single HTML files."""
