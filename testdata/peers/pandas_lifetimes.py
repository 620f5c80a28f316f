"""pandas, lifetimes and scikit-learn: FOLDER of order files, Parquet file to write."""

import glob
import sys

import numpy as np
import pandas as pd

from job import WINDOW, Clock, finish


def load(folder):
    paths = sorted(glob.glob(folder + "/*"))
    columns = ["customer_id", "ordered_at", "amount", "status"]
    if paths[0].endswith(".parquet"):
        frames = [pd.read_parquet(p, columns=columns) for p in paths]
    else:
        frames = [pd.read_csv(p, usecols=columns, parse_dates=["ordered_at"], dtype={"customer_id": "category"}) for p in paths]
        frames = [f.astype({"customer_id": "str"}) for f in frames]
    orders = pd.concat(frames, ignore_index=True)
    orders = orders[orders["customer_id"].notna() & (orders["customer_id"] != "") & (orders["customer_id"] != "nan") & ~orders["status"].isin(["unpaid", "cancelled"])]
    orders["day"] = pd.to_datetime(orders["ordered_at"]).to_numpy().astype("datetime64[D]").astype(np.int32)
    orders["amount"] = orders["amount"].astype(float)
    orders["customer_id"] = orders["customer_id"].astype("category")
    return orders[["customer_id", "day", "amount"]]


def summary(days, as_of):
    """One row for each customer, of purchase days up to a day."""
    days = days[days["day"] <= as_of]
    of = days.groupby("customer_id", observed=True)
    c = pd.DataFrame({"first": of["day"].min(), "last": of["day"].max(), "x": of["day"].size() - 1, "orders": of["orders"].sum(), "net": of["amount"].sum()})
    first_spend = days.loc[of["day"].idxmin()].set_index("customer_id")["amount"]
    c["frequency"] = c["x"]
    c["t_x"], c["T"], c["recency"] = c["last"] - c["first"], as_of - c["first"], as_of - c["last"]
    c["monetary"] = (c["net"] - first_spend.reindex(c.index)) / c["x"].where(c["x"] > 0)
    return c


def main():
    clock = Clock()
    orders = load(sys.argv[1])
    clock.stage("load")
    days = orders.groupby(["customer_id", "day"], observed=True)["amount"].agg(["sum", "size"]).reset_index()
    days.columns = ["customer_id", "day", "amount", "orders"]
    as_of = int(days["day"].max())
    customers, past = summary(days, as_of), summary(days, as_of - WINDOW)
    after = days[days["day"] > as_of - WINDOW]["customer_id"].unique()
    clock.stage("summaries")
    finish(customers, past, past.index.isin(after), sys.argv[2], clock)


main()
