"""Report to Markdown, HTML, CSV and terminal."""
