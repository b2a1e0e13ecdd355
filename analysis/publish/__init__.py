"""Notebooks → reports: which there are, which are stale, running and rendering them, index and manifest.

`build` leads: which reports (`reports`), which of them are stale (`state`), running them (`processes`, `pool`,
`environment`, `engine`) and making pages of them (`render`, `pages`). `manifest` compares a build with a committed one.
"""
