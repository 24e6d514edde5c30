"""``python -m tests.github_server DATA [PORT]`` serves a folder of data until it is interrupted."""

from __future__ import annotations

import contextlib
import sys

from tests.github_server.server import GithubServer
from tests.github_server.world import World


def main(folder: str, port: str = "0") -> None:
    """Serve, and say how to use it."""
    server = GithubServer(World.load(folder), port=int(port))
    print(f"export GITHUB_API_URL={server.url} GITHUB_GRAPHQL_URL={server.graphql_url}", flush=True)
    for slug, repository in server.world.repositories.items():
        counts = f"{len(repository.pulls)} pull requests, {len(repository.commits)} commits"
        print(f"# {slug}: {counts}", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
