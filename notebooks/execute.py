"""Executes the notebooks of this folder, each in a temporary folder of its own.

A notebook that raises an error, or that is kept with outputs, fails the run. The notebooks here are never changed,
unless --strip asks for their outputs to be removed. The executed copies and their pictures go to --out.

A notebook whose metadata says "keep_outputs" takes too long to be executed by every reader: it is kept with its outputs,
which --keep writes anew; they may name no folder of the machine. "limit" says how many seconds its longest cell may take.
"""

import argparse
import base64
import json
import os
import pathlib
import re
import sys
import tempfile
import time

import nbclient
import nbformat

HERE = pathlib.Path(__file__).resolve().parent
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FOLDER = re.compile(r"(?<![\w.<])/(home|root|tmp|var|usr|work|Users|opt|mnt)/")


def stripped(notebook):
    """Tells whether nothing of an execution is left in a notebook."""
    return not any(
        cell.outputs or cell.execution_count is not None for cell in notebook.cells if cell.cell_type == "code"
    )


def strip(notebook):
    """Removes what an execution leaves."""
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def execute(notebook, limit):
    """Runs the cells in order; returns the error that stopped them, or None."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        client = nbclient.NotebookClient(
            notebook,
            timeout=limit,
            kernel_name="python3",
            extra_arguments=["--log-level=ERROR"],
            resources={"metadata": {"path": folder}},
        )
        try:
            client.execute()
        except nbclient.exceptions.CellExecutionError as error:
            return COLOUR.sub("", str(error))
        except nbclient.exceptions.CellTimeoutError:
            return f"a cell took more than {limit} s"
    return None


def save(notebook, name, out):
    """Writes the executed copy and its pictures."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob(f"{name}-*.png"):
        old.unlink()
    nbformat.write(notebook, out / f"{name}.ipynb")
    pictures = [o.data["image/png"] for c in notebook.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})]
    for number, picture in enumerate(pictures, 1):
        (out / f"{name}-{number}.png").write_bytes(base64.b64decode(picture))
    return len(pictures)


def settings(notebook):
    """What the notebook says of its execution."""
    return notebook.metadata.get("leadscore", {})


def keep(notebook, path):
    """Writes the outputs into the notebook itself; returns what speaks against it, or None."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
    if found := FOLDER.search(json.dumps(outputs)):
        return f"an output names a folder of this machine: {found.group()}"
    notebook.metadata["language_info"] = {"name": "python"}
    nbformat.write(notebook, path)
    return None


def run(path, out, limit, keeping):
    """Executes one notebook and prints a line about it; returns whether all is well."""
    notebook = nbformat.read(path, as_version=4)
    kept = settings(notebook).get("keep_outputs", False)
    if not kept and not stripped(notebook):
        print(f"{path.name}: FAILED: kept with outputs; remove them: execute.py --strip")
        return False
    if kept:
        strip(notebook)
    start = time.monotonic()
    error = execute(notebook, max(limit, settings(notebook).get("limit", 0)))
    seconds = time.monotonic() - start
    pictures = save(notebook, path.stem, out)
    if error:
        print(f"{path.name}: FAILED after {seconds:.1f} s\n{error}")
        return False
    if kept and keeping and (problem := keep(notebook, path)):
        print(f"{path.name}: FAILED: {problem}")
        return False
    print(f"{path.name}: ok, {seconds:.1f} s, {pictures} pictures: {out / path.name}")
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", type=pathlib.Path, help="these only")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent / "build" / "notebooks", help="where to write")
    parser.add_argument("--limit", type=int, default=900, help="seconds that a cell may take")
    parser.add_argument("--keep", action="store_true", help="write the outputs of those that keep them into them")
    parser.add_argument("--strip", action="store_true", help="remove outputs from the notebooks, execute nothing")
    options = parser.parse_args()
    paths = options.notebooks or sorted(HERE.glob("*.ipynb"))
    if not paths:
        print("no notebooks")
        return 1
    if options.strip:
        for path in paths:
            notebook = nbformat.read(path, as_version=4)
            strip(notebook)
            nbformat.write(notebook, path)
        return 0
    os.environ.setdefault("ACCURACY_DATA", str(HERE.parent.parent / "shared" / "data"))
    results = [run(path, options.out, options.limit, options.keep) for path in paths]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
