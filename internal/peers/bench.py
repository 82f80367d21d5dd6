"""Sets leadscore beside the libraries that a data team would use instead, in one alternating run.

    python3 internal/peers/bench.py --peers ../shared/peers --leadscore bin/leadscore --rows 100000 1000000

For each size it makes the benchmark leads (PEERS/generate, needs Go), then runs in turn, RUNS times: leadscore's whole
job, from the Parquet file to the artifact, and each peer of PEERS/peers.py, of which reading, preparing and fitting are
told apart. CPU seconds are user + system of the whole process; medians are printed. What takes longer than --patience
seconds is not tried again, and not at a larger size.
"""
import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import resource
import statistics
import subprocess
import sys
import time

SEEDS = {100_000: 1, 1_000_000: 2, 10_000_000: 3}
OPTIMA = {100_000: 21366.0684, 1_000_000: 215806.9017, 10_000_000: 2154347.6139}
METHODS = ["lbfgs", "newton-cholesky", "glum", "read"]
GIB = 1 << 30


def run(command, patience):
    """The command's output, its CPU seconds and its wall seconds; None if it failed or took too long."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience)
    except subprocess.TimeoutExpired:
        return None
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        print(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stderr}", file=sys.stderr)
        return None
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return done.stdout, cpu, time.time() - start


def leads(args, rows):
    """The path of the benchmark leads of a size, made if need be."""
    folder = args.dir / f"{rows}"
    path = folder / "leads.parquet"
    if not path.exists():
        generator = args.dir / "generate"
        if not generator.exists():
            subprocess.run(["go", "build", "-o", generator.resolve(), "."], cwd=args.peers / "generate", check=True)
        partial = args.dir / "partial"
        subprocess.run([generator, "-rows", str(rows), "-seed", str(SEEDS.get(rows, 1)), "-out", partial], check=True)
        partial.rename(folder)
    return path


def ours(args, path, patience):
    model = args.dir / "model.json"
    command = [args.leadscore, "train", "--data", path, "--outcome", "converted", "--exclude", "p_true", "--recipe", "plain",
               "--l2", "1", "--holdout", "0", "--out", model, "--json"]
    done = run(command, patience)
    if not done:
        return None
    out, cpu, wall = done
    d = json.loads(out)
    return dict(total=cpu, wall=wall, fit=d["cost"]["fit_cpu_s"], rss=d["cost"]["max_rss_bytes"], objective=d["fit"]["objective"])


def theirs(args, method, path, patience):
    done = run([sys.executable, args.peers / "peers.py", method, path], patience)
    if not done:
        return None
    d = json.loads(done[0])
    if method == "read":
        return dict(total=d["read_cpu"], wall=d["read_wall"], rss=0)
    # Reading is left out: the columns are given to them parsed.
    return dict(total=d["prep_cpu"] + d["fit_cpu"], wall=d["prep_wall"] + d["fit_wall"], fit=d["fit_cpu"],
                rss=d["max_rss_mb"] << 20, objective=d["objective"])


def median(rows, key):
    values = [r[key] for r in rows if r.get(key) is not None]
    return statistics.median(values) if values else None


def show(number, form):
    return "-" if number is None else format(number, form)


def table(args, rows, path, slow):
    contenders = ["leadscore"] + [m for m in METHODS if m not in slow]
    results = {name: [] for name in contenders}
    for _ in range(args.runs):
        for name in contenders:
            if name in slow:
                continue
            r = ours(args, path, args.patience) if name == "leadscore" else theirs(args, name, path, args.patience)
            if r is None:
                slow.add(name)
            else:
                results[name].append(r)
    own = median(results["leadscore"], "total")
    print(f"\n{rows:,} leads, medians of {args.runs}\n")
    print("| | CPU s | of it fit | wall s | memory GiB | objective | above the optimum | CPU ÷ leadscore |")
    print("|---|---|---|---|---|---|---|---|")
    for name in contenders:
        done = results[name]
        if not done:
            print(f"| {name} | longer than {args.patience} s, or failed | | | | | | |")
            continue
        objective = median(done, "objective")
        above = None if objective is None or rows not in OPTIMA else objective / OPTIMA[rows] - 1
        cells = [show(median(done, "total"), ".2f"), show(median(done, "fit"), ".2f"), show(median(done, "wall"), ".2f"),
                 show(median(done, "rss") / GIB if median(done, "rss") else None, ".2f"), show(objective, ".4f"),
                 show(above, ".1e"), show(median(done, "total") / own if own else None, ".1f")]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--leadscore", type=pathlib.Path, default=pathlib.Path("bin/leadscore"))
    parser.add_argument("--dir", type=pathlib.Path, default=pathlib.Path("build/peers"))
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--patience", type=float, default=300)
    args = parser.parse_args()
    if not (args.peers / "peers.py").exists():
        sys.exit(f"bench-peers: {args.peers} has no peers.py: set PEERS to the folder that has it")
    args.dir.mkdir(parents=True, exist_ok=True)
    args.leadscore = args.leadscore.resolve()
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in ("scikit-learn", "glum", "pandas", "numpy"))
    print(f"{platform.platform()}, {os.cpu_count()} processors; Python {platform.python_version()}, {versions}")
    print("leadscore: Parquet to artifact. Peers: one-hot, scaling and fit; their columns are parsed beforehand (row read).")
    slow = set()
    for rows in args.rows:
        table(args, rows, leads(args, rows), slow)


if __name__ == "__main__":
    main()
