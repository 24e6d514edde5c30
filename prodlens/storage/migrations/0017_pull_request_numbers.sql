-- Every page that GitHub lists is compared with the stored pull requests of the same numbers.
CREATE INDEX pull_requests_repo_number ON pull_requests (repo_slug, number);
