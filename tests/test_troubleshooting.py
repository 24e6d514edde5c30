"""docs/troubleshooting.md has every message that a user can meet."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PAGE_LINES = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8").splitlines()
PAGE = "\n".join(PAGE_LINES).replace("\\|", "|")
# Mistakes of a programmer, which no user's input leads to.
_OURS = {"AssertionError", "AttributeError", "ValueError", "_NameTakenError"}
# Where the program may put a message together from parts: at punctuation, after "cannot" and "since", before "could
# not be read".
_CLAUSE_ENDS = re.compile(r"…|: |; |, |\. | \(|\bcannot |\bsince | (?=could not be read)")
_SHORTEST = 10  # a shorter piece of text between two values says nothing on its own


def messages() -> Iterator[tuple[str, str]]:
    """Yield place and longest fixed piece of every error that is raised, and of every annotation."""
    for path in sorted((ROOT / "prodlens").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not _is_message(node, name):
                continue
            pieces = [piece for argument in node.args for piece in _pieces(argument)]
            longest = max(pieces, key=len, default="")
            if len(longest) >= _SHORTEST:
                yield f"{name}:{node.lineno}", longest


def _is_message(call: ast.Call, path: str) -> bool:
    if isinstance(call.func, ast.Name):
        raised = call.func.id.endswith("Error") and call.func.id[0] in "_ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        return raised and (call.func.id not in _OURS or (call.func.id == "ValueError" and "action/settings" in path))
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id == "notices" and call.func.attr in {"warning", "error"}  # type: ignore[attr-defined]


def _pieces(argument: ast.expr) -> Iterator[str]:
    """Yield the fixed pieces of a text, f-string or concatenation."""
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value.strip()
    elif isinstance(argument, ast.JoinedStr):
        for part in argument.values:
            yield from _pieces(part) if isinstance(part, ast.Constant) else ()
    elif isinstance(argument, ast.BinOp):
        yield from _pieces(argument.left)
        yield from _pieces(argument.right)


def test_every_message_is_in_the_page() -> None:
    """Whoever looks a message up finds its cause and what to do."""
    found = list(messages())
    assert len(found) > 100
    assert [(place, text) for place, text in found if text not in PAGE] == []


def test_every_message_of_the_page_is_in_the_program() -> None:
    """A message that the program no longer has is not on the page: each clause of one is in the code."""
    texts = "\n".join(
        node.value
        for path in (ROOT / "prodlens").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    cells = [re.split(r"(?<!\\)\|", line)[1] for line in PAGE_LINES if line.startswith("| `")]
    named = [message.replace("\\|", "|") for cell in cells for message in re.findall(r"`([^`]+)`", cell)]
    gone = []
    for message in named:
        clauses = [one for part in _CLAUSE_ENDS.split(message) if len(one := part.strip()) >= _SHORTEST]
        if not all(clause in texts for clause in clauses):
            gone.append(message)
    assert gone == []


def test_every_row_says_what_to_do() -> None:
    """A row has a message, a cause and a remedy."""
    rows = [line for line in PAGE_LINES if line.startswith("| `")]
    assert len(rows) > 50
    for row in rows:
        cells = re.split(r"(?<!\\)\|", row)[1:-1]
        assert len(cells) == 3, row
        assert all(cell.strip() for cell in cells), row


def test_security_page_names_tests_that_exist() -> None:
    """Every test that docs/security.md says tried something is there."""
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs/security.md").read_text(encoding="utf-8"))
    assert len(named) > 20
    assert [name for name in named if f"def {name}(" not in tests] == []
