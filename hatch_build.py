"""Put the project's data, notebooks and book into a wheel, but not into an editable install.

An editable install reads them from the checkout; a copy in site-packages would go stale unseen.
"""

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROJECT = ("data", "notebooks", "book", "_config.yml", "_toc.yml", "requirements.txt")


class ProjectFilesHook(BuildHookInterface):
    """Adds the project tree to a standard wheel as `peelbook/_project`."""

    def initialize(self, version, build_data):
        """Called by hatchling before it collects files; `version` is "standard" or "editable"."""
        if version == "standard":
            build_data["force_include"] |= {name: f"peelbook/_project/{name}" for name in PROJECT}
