"""polars, lifetimes and scikit-learn: FOLDER of order files, Parquet file to write."""

import glob
import sys

import polars as pl

from job import WINDOW, Clock, finish


def load(folder):
    paths = sorted(glob.glob(folder + "/*"))
    if paths[0].endswith(".parquet"):
        orders = pl.scan_parquet(paths)
    else:
        orders = pl.scan_csv(paths, schema_overrides={"amount": pl.Float64, "customer_id": pl.String}, try_parse_dates=True)
    return orders.filter(pl.col("customer_id").is_not_null() & (pl.col("customer_id") != "") & ~pl.col("status").is_in(["unpaid", "cancelled"])).select(
        "customer_id", pl.col("ordered_at").dt.date().cast(pl.Int32).alias("day"), pl.col("amount").cast(pl.Float64)
    )


def summary(days, as_of):
    """One row for each customer, of purchase days up to a day."""
    return (
        days.filter(pl.col("day") <= as_of)
        .group_by("customer_id")
        .agg(
            first=pl.col("day").min(), last=pl.col("day").max(), x=pl.len().cast(pl.Int64) - 1, orders=pl.col("orders").sum(),
            net=pl.col("amount").sum(), first_spend=pl.col("amount").sort_by("day").first(),
        )
        .sort("customer_id")
        .with_columns(
            frequency=pl.col("x"), t_x=pl.col("last") - pl.col("first"), T=as_of - pl.col("first"), recency=as_of - pl.col("last"),
            monetary=pl.when(pl.col("x") > 0).then((pl.col("net") - pl.col("first_spend")) / pl.col("x")),
        )
        .drop("first_spend")
    )


def main():
    clock = Clock()
    days = load(sys.argv[1]).group_by("customer_id", "day").agg(amount=pl.col("amount").sum(), orders=pl.len()).collect()
    clock.stage("load and group by day")
    as_of = days["day"].max()
    customers, past = summary(days, as_of), summary(days, as_of - WINDOW)
    after = days.filter(pl.col("day") > as_of - WINDOW)["customer_id"].unique()
    bought = past["customer_id"].is_in(after.implode()).to_numpy()
    clock.stage("summaries")
    finish(customers.to_pandas().set_index("customer_id"), past.to_pandas(), bought, sys.argv[2], clock)


main()
