"""`python -m forkserver_kernel install|remove|status`: puts the kernelspec where Jupyter looks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from forkserver_kernel import available, kernelspec


def main(argv: list[str] | None = None) -> int:
    """Run the command; exit status 0 done, 1 nothing to remove, 2 bad usage."""
    parser = argparse.ArgumentParser(prog="python -m forkserver_kernel", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    install = verbs.add_parser("install", help="install the kernelspec")
    install.add_argument("--display-name", default="Python 3 (fork server)", help="the name that people see")
    install.add_argument(
        "--preload",
        default="",
        metavar="MODULE[:FUNCTION],…",
        help="modules to import, or functions to call, once in the zygote",
    )
    install.add_argument(
        "--env",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="environment of the kernels (repeatable)",
    )
    remove = verbs.add_parser("remove", help="remove the kernelspec")
    for verb in (install, remove):
        verb.add_argument(
            "--name", default="forkserver", help="the name that tools use (default: forkserver)"
        )
        where = verb.add_mutually_exclusive_group()
        where.add_argument("--sys-prefix", action="store_true", help="in this environment (the default)")
        where.add_argument("--user", action="store_true", help="in the user's Jupyter folder")
        where.add_argument("--data-dir", type=Path, help="in this Jupyter data folder")
    verbs.add_parser("status", help="say whether kernels can be forked here")
    options = parser.parse_args(argv)

    if options.verb == "status":
        print("kernels are forked here" if available() else "kernels are ordinary processes here")
        return 0
    data_dir = options.data_dir
    if options.user:
        from jupyter_core.paths import jupyter_data_dir

        data_dir = Path(jupyter_data_dir())
    try:
        if options.verb == "remove":
            found = kernelspec.remove(options.name, data_dir)
            print(f"removed {options.name}" if found else f"there is no kernelspec {options.name}")
            return 0 if found else 1
        env = dict(item.split("=", 1) for item in options.env)
        preload = [entry.strip() for entry in options.preload.split(",") if entry.strip()]
        spec = kernelspec.make(options.display_name, preload, env=env)
        print(f"installed {options.name} in {kernelspec.install(spec, options.name, data_dir)}")
    except ValueError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
