#!/usr/bin/env bash
# Usage: run.sh CLIENTELE FOLDER
# Runs pandas and polars, with lifetimes and scikit-learn, and clientele itself on the
# order files of FOLDER, in turns, and prints what each took and the ratios. It makes a
# virtual environment with requirements.txt in PEERS_ENV (default: testdata/peers/.env).
set -euo pipefail

binary=$(realpath "$1")
folder=$(realpath "$2")
here=$(cd "$(dirname "$0")" && pwd)
env=${PEERS_ENV:-$here/.env}

if ! command -v python3 >/dev/null || ! python3 -m pip --version >/dev/null 2>&1 || ! python3 -m venv --help >/dev/null 2>&1; then
  echo "bench-peers: python3 with pip and venv is needed and not found: the peers are not measured" >&2
  exit 0
fi
if ! cmp -s "$here/requirements.txt" "$env/requirements.txt"; then
  python3 -m venv "$env"
  "$env/bin/pip" install --quiet --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$env/requirements.txt"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat "$folder"/* >/dev/null # so that nobody waits for the disk

mkdir "$work/shop"
printf 'timezone: Asia/Shanghai\ncurrency: CNY\nsources:\n  - {name: shop, kind: orders, path: "%s"}\n' "$folder" >"$work/shop/clientele.yaml"

seconds() { # name, command...
  local name=$1 began ended
  shift
  began=$(date +%s.%N)
  "$@" >"$work/$name.txt" 2>"$work/$name.err" || { cat "$work/$name.err" >&2; echo "bench-peers: $name failed" >&2; exit 1; }
  ended=$(date +%s.%N)
  awk -v a="$began" -v b="$ended" 'BEGIN { printf "%.1f", b - a }'
}

ours=$(seconds clientele "$binary" -C "$work/shop" run)
pandas=$(seconds pandas "$env/bin/python" "$here/pandas_lifetimes.py" "$folder" "$work/pandas.parquet")
polars=$(seconds polars "$env/bin/python" "$here/polars_lifetimes.py" "$folder" "$work/polars.parquet")

echo "Order files of $folder, $(du -sh "$folder" | cut -f1), $(nproc) cores"
printf '%-32s %9s %7s\n' "" seconds ratio
for peer in "clientele run:$ours" "pandas, lifetimes, scikit-learn:$pandas" "polars, lifetimes, scikit-learn:$polars"; do
  awk -v name="${peer%:*}" -v s="${peer##*:}" -v ours="$ours" 'BEGIN { printf "%-32s %9.1f %7.2f\n", name, s, s / ours }'
done
for peer in pandas polars; do
  printf '\n%s, seconds by stage:\n' "$peer"
  sed 's/^/  /' "$work/$peer.txt"
done
