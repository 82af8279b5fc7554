"""A place to try things out. Scratchpads never run with the pipeline."""
