"""What `pulsekey record` keeps: a journal while it records, and a file in a known format at the end."""
