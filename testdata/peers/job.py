"""What both peers do once each customer is one row: fit, score, group, write.

The job is that of a run on the same order files: Pareto/NBD and Gamma-Gamma by
maximum likelihood, RFM by quintiles, clusters by k-means with k chosen by silhouette
from 2 to 8, and a churn score trained on the state of the shop two windows ago.
Intervals, look backs, reasons, checks, row accounting and reports are left out: so
the peers do less.
"""

import sys
import time

import numpy as np
import pandas as pd
from lifetimes import GammaGammaFitter, ParetoNBDFitter
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import silhouette_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

WINDOW = 90
HORIZON = 365
SAMPLE = 10_000  # customers on which silhouettes are taken
FITTED = 100_000  # customers on which lifetimes fits: all of them would take hours
FEATURES = ["recency", "frequency", "T", "monetary", "orders", "net"]


class Clock:
    """Prints what each stage took."""

    def __init__(self):
        self.began = self.last = time.perf_counter()

    def stage(self, name):
        now = time.perf_counter()
        print(f"{name}\t{now - self.last:.2f}")
        self.last = now

    def end(self):
        print(f"total\t{time.perf_counter() - self.began:.2f}")


def quintile(values):
    """1 to 5, equal values alike."""
    cuts = np.quantile(values, [0.2, 0.4, 0.6, 0.8])
    return 1 + np.searchsorted(cuts, values, side="left")


def finish(customers, past, bought, target, clock):
    """customers and past: summaries with x (repeat days), recency (days since), t_x, T,
    orders, net, monetary (mean of repeat days). past: as of two windows ago; bought:
    whether those bought in the window after it."""
    c = customers
    c["r"], c["f"], c["m"] = quintile(-c["recency"].to_numpy()), quintile(c["frequency"].to_numpy()), quintile(c["net"].to_numpy())
    clock.stage("rfm")

    part = c.sample(min(FITTED, len(c)), random_state=1)
    model = ParetoNBDFitter()
    model.fit(part["x"], part["t_x"] / 7, part["T"] / 7, maxiter=2000)
    clock.stage("fit purchases")
    c["p_alive"] = model.conditional_probability_alive(c["x"], c["t_x"] / 7, c["T"] / 7)
    c["expected"] = model.conditional_expected_number_of_purchases_up_to_time(HORIZON / 7, c["x"], c["t_x"] / 7, c["T"] / 7)
    clock.stage("score purchases")

    paid = c[(c["x"] > 0) & (c["monetary"] > 0)]
    part = paid.sample(min(FITTED, len(paid)), random_state=1)
    spend = GammaGammaFitter()
    spend.fit(part["x"], part["monetary"])
    c["expected_spend"] = spend.conditional_expected_average_profit(c["x"], c["monetary"].fillna(0))
    c["clv"] = c["expected"] * c["expected_spend"]
    clock.stage("spend and value")

    churn = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    churn.fit(np.log1p(past[FEATURES].fillna(0).clip(lower=0)), ~bought)
    c["churn_risk"] = churn.predict_proba(np.log1p(c[FEATURES].fillna(0).clip(lower=0)))[:, 1]
    clock.stage("churn")

    scaled = StandardScaler().fit_transform(np.log1p(c[["recency", "orders", "net", "T"]].clip(lower=0)))
    rows = np.random.default_rng(1).choice(len(scaled), min(SAMPLE, len(scaled)), replace=False)
    best = max(range(2, 9), key=lambda k: silhouette_score(scaled[rows], KMeans(k, n_init=4, random_state=1).fit_predict(scaled[rows])))
    c["cluster"] = KMeans(best, n_init=4, random_state=1).fit_predict(scaled)
    clock.stage("clusters")

    c.to_parquet(target, compression="zstd")
    clock.stage("write")
    clock.end()
    print(f"customers\t{len(c)}", file=sys.stderr)
