-- A repository is stored in one spelling, lower case. Of rows that this makes equal, the one read from GitHub stays.
DELETE FROM commits WHERE id NOT IN (
  SELECT id FROM (SELECT id, max(from_github) FROM commits GROUP BY sha, lower(ifnull(repo_slug, ''))));
UPDATE commits SET repo_slug = lower(repo_slug) WHERE repo_slug GLOB '?*/?*' AND repo_slug <> lower(repo_slug);
UPDATE pull_requests SET repo_slug = lower(repo_slug) WHERE repo_slug GLOB '?*/?*' AND repo_slug <> lower(repo_slug);
UPDATE sessions SET repo_slug = lower(repo_slug) WHERE repo_slug GLOB '?*/?*' AND repo_slug <> lower(repo_slug);
UPDATE session_parts SET part = json_set(part, '$.repo_slug', lower(json_extract(part, '$.repo_slug')))
  WHERE json_extract(part, '$.repo_slug') GLOB '?*/?*'
  AND json_extract(part, '$.repo_slug') <> lower(json_extract(part, '$.repo_slug'));
UPDATE trace_artifacts SET repo_slug = lower(repo_slug) WHERE repo_slug <> lower(repo_slug);
DELETE FROM artifact_walks WHERE repo_slug <> lower(repo_slug);
DELETE FROM repositories WHERE repo_slug <> lower(repo_slug);
DELETE FROM missing_commits WHERE repo_slug <> lower(repo_slug);
UPDATE OR REPLACE sync_streams SET repo_slug = lower(repo_slug) WHERE repo_slug <> lower(repo_slug);
DELETE FROM known_files;  -- they name folders of the lake
