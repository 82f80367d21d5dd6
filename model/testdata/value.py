"""The reference of TestValueTruths: RMSE of profit per sale ÷ mean, for economics.md §2.1's four truths.

The recipe is that of its table's last row: ridge on log profit and Gamma regression with a log link, each with the λ of a
grid whose own loss is least in 5 folds, scaled to the total of the predictions out of fold; of the two, the one of the
lower Gamma deviance out of fold. Prints mean, standard error and median over the repeats, each of 12,000 sales drawn anew.

    python3 value.py 1000        (numpy only; a few minutes)
"""

import sys

import numpy as np

WEIGHTS = np.array([0.5, -0.4, 0.3, 0.2, 0, 0.6, -0.5, 0.3, 0, 0])
LAMBDAS = 10.0 ** np.arange(-1, 4.01, 0.5)
ROWS, FOLDS = 12_000, 5


def draw(truth, random):
    x = random.standard_normal((ROWS, 10))
    x[:, 5:] = x[:, 5:] > 0.7
    eta, e = 8.3 + x @ WEIGHTS, random.standard_normal(ROWS)
    if truth == "lognormal":
        return x, np.exp(eta + e), np.exp(eta + 0.5)
    if truth == "hetero":
        sd = 0.5 + 0.7 * x[:, 5]
        return x, np.exp(eta + sd * e), np.exp(eta + sd**2 / 2)
    if truth == "gamma":
        return x, random.gamma(1.2, np.exp(eta) / 1.2), np.exp(eta)
    whale = np.where(random.random(ROWS) < 0.01, 20, 1)
    return x, np.exp(eta + 0.8 * e) * whale, np.exp(eta + 0.32) * 1.19


def log_ridge(x, y, penalty):
    return np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ np.log(y))


def gamma(x, y, penalty):
    """Newton's method with halved steps on Σ y·e^−μ + μ + ½λβ²."""
    unit = y.mean()
    y, beta = y / unit, np.zeros(x.shape[1])

    def loss(b):
        return (y * np.exp(-x @ b) + x @ b).sum() + (penalty * b * b).sum() / 2

    now = loss(beta)
    for _ in range(100):
        ratio = y * np.exp(-x @ beta)
        gradient = x.T @ (1 - ratio) + penalty * beta
        step = -np.linalg.solve(x.T @ (ratio[:, None] * x) + np.diag(penalty + 1e-9), gradient)
        t = 1.0
        while (new := loss(beta + t * step)) > now and t > 1e-8:
            t /= 2
        beta, fell, now = beta + t * step, now - new, new
        if fell < 1e-10 * len(y):
            break
    beta[0] += np.log(unit)
    return beta


def deviance(y, m):
    return 2 * (y / m - 1 - np.log(y / m)).sum()


def selected(x, y, random):
    fold = random.permutation(len(y)) % FOLDS
    best = None
    for fit, loss in ((log_ridge, lambda y, m: (np.log(y / m) ** 2).sum()), (gamma, deviance)):
        tried = []
        for penalty in (np.r_[0, np.full(x.shape[1] - 1, k)] for k in LAMBDAS):
            out = np.empty(len(y))
            for k in range(FOLDS):
                held = fold == k
                out[held] = np.exp(x[held] @ fit(x[~held], y[~held], penalty))
            tried.append((loss(y, out), penalty, out))
        _, penalty, out = min(tried, key=lambda t: t[0])
        ratio = y.sum() / out.sum()
        candidate = (deviance(y, ratio * out), ratio, fit(x, y, penalty))
        best = candidate if best is None or candidate[0] < best[0] else best
    return best[1:]


def error(truth, n, random):
    x, y, m = draw(truth, random)
    mean, sd = x[:n].mean(0), x[:n].std(0)
    x = np.c_[np.ones(ROWS), (x - mean) / np.where(sd > 0, sd, 1)]
    ratio, beta = selected(x[:n], y[:n], random)
    rest = m[n:]
    return np.sqrt(((ratio * np.exp(x[n:] @ beta) - rest) ** 2).mean()) / rest.mean()


for truth in ("lognormal", "hetero", "gamma", "whales"):
    for n in (100, 300, 1000):
        e = np.array([error(truth, n, np.random.default_rng([n, r])) for r in range(int(sys.argv[1]))])
        print(f"{truth:9} {n:5} {e.mean():.3f} ± {e.std() / len(e) ** 0.5:.3f}, median {np.median(e):.3f}; "
              f"means of 20 repeats: {np.quantile(e.reshape(-1, 20).mean(1), [0.05, 0.95]).round(3)}", flush=True)
