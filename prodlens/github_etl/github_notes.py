"""Notes at ``refs/notes/ai`` from GitHub, in bulk by GraphQL, for the commits that the store holds.

Where the reference stands is asked along with the details of pull requests, at no request of its own. A repository
without one costs nothing more. Where it moved, or where commits are new, its tree is read in one request, and then a
hundred notes a request.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from prodlens.commits import NOTES_REF
from prodlens.evidence import read_note
from prodlens.github import GraphqlUnavailableError, ServerFailedError
from prodlens.github_etl.ai_notes import NO_NOTE, delete_notes_but, notes_read_mark, store_notes, wanted_notes
from prodlens.github_etl.parts import read_in_parts
from prodlens.json_values import clean_text, count, mapping, sequence
from prodlens.slugs import split_slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prodlens.github import GraphqlAnswer
    from prodlens.github_etl.stream import StreamRun

_BYTES_AT_ONCE = 2 * 1024 * 1024
_MOST_FAILURES = 3  # of single notes: then it is GraphQL itself that fails
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_LOG = logging.getLogger(__name__)

# A part of a query with the variables $owner and $name.
NOTES_HEAD = f'repository(owner: $owner, name: $name) {{ ref(qualifiedName: "{NOTES_REF}") {{ target {{ oid }} }} }}'
TREE_QUERY = f"""query NotesTree($owner: String!, $name: String!) {{
  repository(owner: $owner, name: $name) {{
    ref(qualifiedName: "{NOTES_REF}") {{
      target {{
        oid
        ... on Commit {{
          tree {{
            entries {{ name oid size object {{ ... on Tree {{ entries {{ name oid size }} }} }} }}
          }}
        }}
      }}
    }}
  }}
}}"""


class _Note(NamedTuple):
    """A note in the tree: the commit that it is on, git's name for its content, and its bytes."""

    sha: str
    blob: str
    size: int


def notes_query(notes: Mapping[str, str]) -> str:
    """Return the query for the texts of notes and for what their commits add, given the content of each by commit."""
    parts = "".join(
        f"""
    n{n}: object(oid: "{blob}") {{ ... on Blob {{ text }} }}
    c{n}: object(oid: "{sha}") {{ ... on Commit {{ additions }} }}"""
        for n, (sha, blob) in enumerate(notes.items())
    )
    return f"""query Notes($owner: String!, $name: String!) {{
  repository(owner: $owner, name: $name) {{{parts}
  }}
}}"""


def note_head(run: StreamRun, answer: GraphqlAnswer) -> None:
    """Note where the reference stands, as an answer to a query with ``NOTES_HEAD`` says: empty where there is none."""
    repository = mapping(answer.data.get("repository"))
    if "ref" in repository and not answer.failures_at("repository"):
        oid = clean_text(mapping(mapping(repository["ref"]).get("target")).get("oid")) or ""
        if oid != (run.store.get_etag(_seen_mark(run.slug)) or ""):
            run.store.set_etag(_seen_mark(run.slug), oid)


def read_notes(run: StreamRun) -> None:
    """Read the notes of stored commits that were not read yet; what GraphQL fails at is left for the next run.

    Raises:
        GithubError: A budget or a limit ended the run; every note that was read is stored.
    """
    seen, read = run.store.get_etag(_seen_mark(run.slug)), run.store.get_etag(notes_read_mark(run.slug))
    if not run.client.has_token or seen is None or (seen == (read or "") and not (seen and run.written)):
        return
    try:
        whole = _read_tree(run) if seen else _forget(run)
    except (GraphqlUnavailableError, ServerFailedError) as error:
        _LOG.warning("%s: the notes at %s were not read: %s", run.slug, NOTES_REF, error)
        return
    if not whole:
        _LOG.warning("%s: some notes at %s were not read; the next run goes on", run.slug, NOTES_REF)


def _seen_mark(slug: str) -> str:
    return f"ai-notes-seen:{slug}"


def _forget(run: StreamRun) -> bool:
    """Delete every note, since GitHub has the reference no more."""
    with run.page() as conn:
        delete_notes_but(conn, run.slug, ())
        run.store.set_etag(notes_read_mark(run.slug), None)
    return True


def _read_tree(run: StreamRun) -> bool:
    """Read the tree and the notes in it that are wanted; return whether all of them could be read."""
    answer = run.client.graphql_answer(TREE_QUERY, _names(run))
    target = mapping(mapping(mapping(answer.data.get("repository")).get("ref")).get("target"))
    head, notes = clean_text(target.get("oid")), {note.sha: note for note in notes_in(target.get("tree"))}
    if answer.failures or head is None:
        raise ServerFailedError("; ".join(failure.message for failure in answer.failures)[:200] or "no reference")
    with run.page() as conn:
        delete_notes_but(conn, run.slug, notes)
    wanted = wanted_notes(run.store.conn, run.slug, {sha: note.blob for sha, note in notes.items()})
    if wanted:
        run.store.set_etag(notes_read_mark(run.slug), None)  # until they are all there
    if not _read_texts(run, [notes[sha] for sha in wanted]):
        return False
    run.store.set_etag(notes_read_mark(run.slug), head)
    run.store.set_etag(_seen_mark(run.slug), head)
    return True


def notes_in(tree: object) -> Iterator[_Note]:
    """Yield the notes of a tree, whose folders have the first two digits of a commit as their name."""
    for entry in map(mapping, sequence(mapping(tree).get("entries"))):
        inside = mapping(entry.get("object")).get("entries")
        folder = "" if inside is None else str(entry.get("name"))
        for part in [entry] if inside is None else map(mapping, sequence(inside)):
            sha, blob = folder + str(part.get("name")), str(part.get("oid"))
            if _SHA.fullmatch(sha) and _SHA.fullmatch(blob):
                yield _Note(sha, blob, count(part.get("size")) or 0)


def _read_texts(run: StreamRun, waiting: list[_Note]) -> bool:
    """Read notes, in smaller parts where GitHub fails at large ones; return whether none was left out."""
    failed: list[_Note] = []

    def leave(note: _Note) -> list[_Note]:
        failed.append(note)
        return []

    def take(waiting: list[_Note], most: int) -> list[_Note]:
        return _part(waiting, most) if len(failed) < _MOST_FAILURES else []

    read_in_parts(waiting, lambda part: _store_answer(run, part), leave, take)
    return not failed


def _part(waiting: list[_Note], most: int) -> list[_Note]:
    """Return the first notes, as many as fit in one answer: one at least."""
    part: list[_Note] = []
    size = 0
    for note in waiting[:most]:
        size += note.size
        if part and size > _BYTES_AT_ONCE:
            break
        part.append(note)
    return part


def _store_answer(run: StreamRun, part: list[_Note]) -> list[_Note]:
    """Read and store some notes; return those whose text could not be read."""
    answer = run.client.graphql_answer(notes_query({note.sha: note.blob for note in part}), _names(run))
    objects = mapping(answer.data.get("repository"))
    rows, again = [], []
    for n, note in enumerate(part):
        failures = answer.failures_at("repository", f"n{n}")
        if f"n{n}" not in objects or not all(failure.is_missing for failure in failures):
            again.append(note)
            continue
        text = mapping(objects[f"n{n}"]).get("text")
        read = read_note(text) if isinstance(text, str) else NO_NOTE
        added = count(mapping(objects.get(f"c{n}")).get("additions")) if read.ai_lines else None
        rows.append((note.sha, note.blob, read, added))
    with run.page() as conn:
        store_notes(conn, run.slug, rows)
    return again


def _names(run: StreamRun) -> dict[str, Any]:
    owner, name = split_slug(run.slug)
    return {"owner": owner, "name": name}
