"""Run the built image as the runner would and check what it leaves: check_image.py IMAGE RUN_ACTION."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
INPUTS = ("trace-paths=traces", "since=2026-11-19", "until=2026-11-26", "fail-if=error_rate > 2")
ENVIRONMENT = (
    "GITHUB_REPOSITORY=octocat/hello-world",
    "GITHUB_EVENT_NAME=workflow_dispatch",
    "GITHUB_API_URL=http://127.0.0.1:9",  # nobody answers: the run must say so and still report on the traces
    "GITHUB_GRAPHQL_URL=http://127.0.0.1:9/graphql",
)


def run_action(image: str, run_action_tool: str, workspace: Path, *inputs: str) -> dict[str, object]:
    """Run the image on the workspace; returns exit_code, outputs, summary, stdout and stderr."""
    command = [sys.executable, run_action_tool, image, "--workspace", str(workspace)]
    for name in ENVIRONMENT:
        command += ["--env", name]
    for name in inputs:
        command += ["--with", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    result: dict[str, object] = json.loads(done.stdout)
    return result


def main() -> int:
    """Check a good run and a run with wrong settings; returns the exit status."""
    image, tool = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        shutil.copytree(ROOT / "examples" / "traces", workspace / "traces")
        good = run_action(image, tool, workspace, *INPUTS)
        problems = list(check_good(good, workspace))
        wrong = run_action(image, tool, workspace, "since=yesterday", "lag-days=99")
        if wrong["exit_code"] != 2 or str(wrong["stdout"]).count("::error") != 2:
            problems.append(f"two wrong settings: expected exit 2 and two error annotations, got {wrong}")
    for problem in problems:
        print(f"image: {problem}", file=sys.stderr)  # noqa: T201 - a script reports by printing
    print(json.dumps(good["outputs"], indent=1))  # noqa: T201
    return 1 if problems else 0


def check_good(result: dict[str, object], workspace: Path) -> list[str]:
    """Return what is wrong with the result of a run that must succeed."""
    outputs = result["outputs"]
    if not isinstance(outputs, dict) or result["exit_code"] != 0:
        return [f"expected exit 0, got {json.dumps(result, indent=1)[:4000]}"]
    problems = [
        f"output {name} names no file: {outputs.get(name)!r}"
        for name in ("report-json", "report-markdown", "report-html", "report-csv")
        if not outputs.get(name) or not (workspace / str(outputs[name])).is_file()
    ]
    if not str(outputs.get("sessions", "")).isdecimal() or int(outputs["sessions"]) == 0:
        problems.append(f"no sessions in the outputs: {outputs}")
    if outputs.get("gate") != "pass":
        problems.append(f"gate: expected pass, got {outputs.get('gate')!r}")
    if "ProdLens" not in str(result["summary"]):
        problems.append("the job summary is empty")
    return problems


if __name__ == "__main__":
    sys.exit(main())
