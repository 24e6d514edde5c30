"""What the site of the documentation needs beside docs/: the pages at the root, and links that lead out of docs/.

A hook of mkdocs. The files stay as GitHub shows them: links are relative to the file that they stand in.
"""

from __future__ import annotations

import re
from pathlib import Path
from posixpath import join, normpath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Files at the root of the repository, and the pages that they become.
AT_THE_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "CONTRIBUTING.md", "CHANGELOG.md": "CHANGELOG.md"}
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<target>[^)#\s]+)")


def on_files(files: Any, config: Any) -> Any:
    """Add the pages at the root of the repository to those of docs/."""
    from mkdocs.structure.files import File

    for name, page in AT_THE_ROOT.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, **_: object) -> str:
    """Make a page's links lead to pages of the site, or to the file on GitHub where the site does not have it."""
    sources = {site: name for name, site in AT_THE_ROOT.items()}
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    return site_links(markdown, source, config["repo_url"]).replace("<details>", '<details markdown="1">')


def site_links(markdown: str, source: str, repository: str) -> str:
    """Return the text of a file of the repository with its relative links as the site has them.

    Args:
        markdown: The text.
        source: Path of the file in the repository.
        repository: Address of the repository.
    """

    def link(match: re.Match[str]) -> str:
        target = normpath(join(source.rpartition("/")[0], match["target"]))
        if target.startswith("docs/"):
            return f"]({target.removeprefix('docs/')}"
        if target in AT_THE_ROOT:
            return f"]({AT_THE_ROOT[target]}"
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"]({repository}/{kind}/main/{target}"

    return _LINK.sub(link, markdown)
