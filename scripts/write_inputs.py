"""Write the action's inputs and outputs, as prodlens.action names them, into every file that has to repeat them.

``action.yml``, the composite action and the reusable workflow have the same inputs; each has a stretch between two
marks that this writes and nobody edits; in docs/reference.md it is two tables. ``--check`` says whether they are up
to date.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from prodlens.action.inputs import INPUTS
from prodlens.action.publishing.outputs import OUTPUTS

FILES = ("action.yml", ".github/actions/report/action.yml", ".github/workflows/report.yml", "docs/reference.md")
SECRETS = ("token", "anonymize-key")
_STRETCH = re.compile(
    r"(?P<begin>^ *# begin (?P<name>[a-z-]+):[^\n]*\n).*?(?P<end>^ *# end (?P=name)\n)", re.MULTILINE | re.DOTALL
)


def action_inputs() -> str:
    """Return ``inputs`` as an action declares them."""
    lines = ["inputs:"]
    for item in INPUTS:
        default = item.expression or item.default
        lines += [
            f"  {item.name}:",
            f"    description: {json.dumps(item.description)}",
            "    required: false",
            f"    default: {json.dumps(default)}",
        ]
    return "\n".join(lines)


def action_outputs() -> str:
    """Return ``outputs`` as a container action declares them."""
    lines = ["outputs:"]
    for name, text in OUTPUTS.items():
        lines += [f"  {name}:", f"    description: {json.dumps(text)}"]
    return "\n".join(lines)


def composite_outputs() -> str:
    """Return ``outputs`` of the composite action: those of its step, and the report that another step uploaded."""
    lines = ["outputs:"]
    uploads = {
        "report-url": "steps.upload.outputs.artifact-url || steps.upload-beside.outputs.artifact-url",
        "organisation-url": "steps.upload-organisation.outputs.artifact-url",
    }
    for name, text in OUTPUTS.items():
        step = uploads.get(name, f"steps.report.outputs.{name}")
        lines += [f"  {name}:", f"    description: {json.dumps(text)}", f"    value: ${{{{ {step} }}}}"]
    return "\n".join(lines)


def workflow_inputs() -> str:
    """Return ``inputs`` and ``secrets`` of the reusable workflow; what is secret comes as a secret."""
    lines = ["inputs:"]
    for item in INPUTS:
        if item.name not in SECRETS:
            lines += [
                f"  {item.name}:",
                f"    description: {json.dumps(item.description)}",
                "    type: string",
                "    required: false",
                f"    default: {json.dumps(item.default)}",
            ]
    lines.append("secrets:")
    for item in INPUTS:
        if item.name in SECRETS:
            lines += [f"  {item.name}:", f"    description: {json.dumps(item.description)}", "    required: false"]
    return "\n".join(lines)


def workflow_outputs() -> str:
    """Return ``outputs`` of the reusable workflow, those of its job."""
    lines = ["outputs:"]
    for name, text in OUTPUTS.items():
        value = f"${{{{ jobs.report.outputs.{name} }}}}"
        lines += [f"  {name}:", f"    description: {json.dumps(text)}", f"    value: {value}"]
    return "\n".join(lines)


def job_outputs() -> str:
    """Return ``outputs`` of the reusable workflow's job, those of its step."""
    return "\n".join(["outputs:", *(f"  {name}: ${{{{ steps.report.outputs.{name} }}}}" for name in OUTPUTS)])


def step_with() -> str:
    """Return ``with`` of the reusable workflow's step."""
    lines = ["with:"]
    for item in INPUTS:
        value = f"secrets.{item.name}" if item.name in SECRETS else f"inputs.{item.name}"
        context = re.fullmatch(r"\$\{\{ (.*) \}\}", item.expression)
        lines.append(
            f"  {item.name}: ${{{{ {value} || {context[1]} }}}}" if context else f"  {item.name}: ${{{{ {value} }}}}"
        )
    return "\n".join(lines)


STRETCHES = {
    "action-inputs": action_inputs,
    "action-outputs": action_outputs,
    "composite-outputs": composite_outputs,
    "workflow-inputs": workflow_inputs,
    "workflow-outputs": workflow_outputs,
    "job-outputs": job_outputs,
    "step-with": step_with,
}


def reference_tables(text: str) -> str:
    """Return the reference's text with its tables of inputs and outputs written anew."""
    defaults = {item.name: item.expression or item.default for item in INPUTS}
    inputs = [
        f"| `{i.name}` | {f'`{defaults[i.name]}`' if defaults[i.name] else ''} | {i.description} |" for i in INPUTS
    ]
    outputs = [f"| `{name}` | {meaning} |" for name, meaning in OUTPUTS.items()]
    for header, rows in (("| input | default | meaning |", inputs), ("| output | meaning |", outputs)):
        pattern = rf"({re.escape(header)}\n\|[-:|]+\|\n)(?:\|.*\n)*"
        text = re.sub(pattern, lambda match, rows=rows: match[1] + "\n".join(rows) + "\n", text)  # type: ignore[misc]
    return text


def written(text: str) -> str:
    """Return a file's text with every stretch in it written anew, as deep as its marks."""

    def stretch(match: re.Match[str]) -> str:
        indent = " " * (len(match["begin"]) - len(match["begin"].lstrip(" ")))
        body = "".join(f"{indent}{line}\n" for line in STRETCHES[match["name"]]().split("\n"))
        return match["begin"] + body + match["end"]

    return reference_tables(_STRETCH.sub(stretch, text))


def main() -> int:
    """Write the files, or with ``--check`` say which are out of date; returns the exit status."""
    old = []
    for name in FILES:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        if written(text) != text:
            old.append(name)
            if "--check" not in sys.argv:
                path.write_text(written(text), encoding="utf-8")
    for name in old:
        print(f"{name}: {'out of date, run scripts/write_inputs.py' if '--check' in sys.argv else 'written'}")
    return 1 if old and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
