"""The HTTP session that a client makes when it is given none."""

from __future__ import annotations

from typing import Any


def new_session(api_url: str) -> Any:
    """Make a ``requests`` session that follows no redirect and repeats nothing: both are the client's decisions.

    Proxies and certificates come from the environment, as for every ``requests`` session.
    """
    import requests

    class _Session(requests.Session):
        def get_redirect_target(self, resp: requests.Response) -> str | None:  # noqa: ARG002 - of the base class
            return None

    session = _Session()
    # Read once instead of at every request, and without the login of a ~/.netrc, which would replace our header.
    settings = session.merge_environment_settings(api_url, {}, None, None, None)
    session.proxies, session.verify, session.trust_env = settings["proxies"], settings["verify"], False
    return session
