"""Reference values for metrics_test.go, from scikit-learn 1.x and scipy: prints metrics.json.

    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install scikit-learn scipy
    /tmp/venv/bin/python reference.py > metrics.json
"""
import json

import numpy as np
import sklearn
from scipy import optimize, special
from sklearn import metrics


def affine(eta, y, w):
    """The maximum likelihood line of y on eta, and its sandwich standard errors."""
    x = np.column_stack([np.ones_like(eta), eta])

    def loss(b):
        z = x @ b
        return np.sum(w * (np.logaddexp(0, z) - y * z))

    def gradient(b):
        return x.T @ (w * (special.expit(x @ b) - y))

    def hessian(b):
        p = special.expit(x @ b)
        return (x.T * (w * p * (1 - p))) @ x

    b = optimize.minimize(loss, [0, 1], jac=gradient, hess=hessian, method="trust-exact", options={"gtol": 1e-10}).x
    for _ in range(5):  # polish
        b = b - np.linalg.solve(hessian(b), gradient(b))
    score = x * (w * (y - special.expit(x @ b)))[:, None]
    inverse = np.linalg.inv(hessian(b))
    return b, np.sqrt(np.diag(inverse @ (score.T @ score) @ inverse))


def case(name, eta, y, w):
    p = special.expit(eta)
    weight = np.ones_like(eta) if w is None else w
    (a, b), (se_a, se_b) = affine(eta, y, weight)
    return {
        "name": name,
        "log_odds": eta.tolist(),
        "y": y.astype(int).tolist(),
        "weight": None if w is None else w.tolist(),
        "auc": metrics.roc_auc_score(y, p, sample_weight=w),
        "average_precision": metrics.average_precision_score(y, p, sample_weight=w),
        "log_loss": metrics.log_loss(y, p, sample_weight=w),
        "brier": metrics.brier_score_loss(y, p, sample_weight=w),
        "intercept": a,
        "slope": b,
        "intercept_se": se_a,
        "slope_se": se_b,
    }


random = np.random.default_rng(20261122)


def draw(n, decimals):
    eta = np.round(random.normal(-1, 1.5, n), decimals)
    return eta, (random.random(n) < special.expit(0.3 + 0.8 * eta)).astype(float)


cases = [
    case("distinct", *draw(150, 6), None),
    case("ties", *draw(150, 0), None),
    case("weights", *draw(120, 6), np.round(random.exponential(2, 120), 3) + 0.001),
    case("ties and weights", *draw(120, 1), random.integers(1, 4, 120).astype(float)),
    case("rare", *(lambda e: (e, (random.random(200) < special.expit(e)).astype(float)))(np.round(random.normal(-3.5, 1, 200), 1)), None),
]
lines = ",\n".join(json.dumps(c) for c in cases)
print(f'{{"sklearn": "{sklearn.__version__}", "cases": [\n{lines}\n]}}')
