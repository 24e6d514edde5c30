"""Tests of the Parquet files."""
