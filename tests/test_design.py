"""The arrows between the folders: each imports only what it may know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: What each folder may import of the others.
MAY_IMPORT = {
    "moodstream": set(),
    "frontend": {"moodstream"},
    "detector_service": {"moodstream"},
    "classifier_service": {"moodstream"},
    "worker": {"moodstream", "detector_service", "classifier_service"},
    "model_export": {"moodstream", "classifier_service"},
}
FOLDERS = {*MAY_IMPORT, "bench", "tests"}


def imports_of(folder: str) -> Iterator[tuple[str, str]]:
    """File and the first part of what it imports, for every import in a folder."""
    for file in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file.name, alias.name.partition(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield file.name, node.module.partition(".")[0]


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_each_folder_knows_only_what_it_may(folder: str) -> None:
    allowed = {folder, *MAY_IMPORT[folder]}
    assert [(file, what) for file, what in imports_of(folder) if what in FOLDERS - allowed] == []


def test_training_alone_needs_pytorch() -> None:
    others = (FOLDERS - {"model_export", "tests"}) & {p.name for p in ROOT.iterdir()}
    assert [found for folder in others for found in imports_of(folder) if found[1] == "torch"] == []
