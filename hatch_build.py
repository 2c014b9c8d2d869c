"""Put the project's data, notebooks and book into a wheel, but not into an editable install.

An editable install reads them from the checkout; a copy in site-packages would go stale unseen. Which files they
are is said once, in `src/peelbook/paths.py`, which `peelbook new` reads too.
"""

import runpy
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProjectFilesHook(BuildHookInterface):
    """Adds the project's files to a standard wheel as `peelbook/_project`."""

    def initialize(self, version, build_data):
        """Called by hatchling before it collects files; `version` is "standard" or "editable"."""
        if version != "standard":
            return
        root = Path(self.root)
        paths = runpy.run_path(str(root / "src" / "peelbook" / "paths.py"))
        for name, file in paths["project_files"](root):
            build_data["force_include"][str(file)] = f"peelbook/_project/{name}"
