"""What a run gives back: report files, summary, outputs and the pull request comment."""
