"""What both systems and our own tables know of one person: shown to them, and erased."""
