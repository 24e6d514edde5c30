"""Run the entry point with the inputs of the composite action, which arrive as one JSON object."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from prodlens.action import main
from prodlens.action.identity import report_identity

if __name__ == "__main__":
    for name, value in json.loads(os.environ.pop("PRODLENS_INPUTS")).items():
        os.environ[f"INPUT_{name.upper()}"] = str(value)
    status = main([])
    name = report_identity(os.environ, os.environ.get("INPUT_COMMENT-KEY", "")).name
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as outputs:
        outputs.write(f"report-name={f'prodlens-report-{name}'.rstrip('-')}\n")
    sys.exit(status)
