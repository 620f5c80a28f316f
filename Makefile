# make help lists the targets.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build demo test lint bench bench-peers soak fmt clean tools

# Columns go between Go and DuckDB through Arrow with this tag, row by row without it.
TAGS := duckdb_arrow
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# What bench measures: the results that it keeps make a tree no other.
MEASURED = $(shell git diff --quiet HEAD -- . ':!testdata/bench' 2>/dev/null && git describe --tags --always || echo '$(VERSION)')
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GO_NEEDED := $(shell sed -n 's/^go //p' go.mod)

# Size and seed of the demo shop.
demo: CUSTOMERS ?= 10000
SEED ?= 1

# Where test begins to draw what its property tests try, so that it says the same every
# time; 0 is elsewhere each time, as in soak.
RAPID_SEED ?= 1

# How long soak feeds each parser, how many examples it draws for each property
# (CHECKS), how often it kills, how many random splits it loads and how many rows it
# reads from databases; at how many instants it kills each command that changes
# something (FAULTS), how many of its system calls it lets fail (CALLS, 0: every one),
# of how many orders a run has 512 MiB of memory (ORDERS).
# make soak FUZZTIME=20x CHECKS=200 KILLS=1 SPLITS=20 ROWS=50000 FAULTS=5 CALLS=20
# ORDERS=3000000 tries each part.
FUZZTIME ?= 30s
CHECKS ?= 10000
KILLS ?= 20
SPLITS ?= 2000
FAULTS ?= 200
CALLS ?= 0
soak: ORDERS ?= 100000000
ROWS ?= 5000000

# Sizes of the shops of bench (a tenth as many customers), rounds of engine and floor,
# which parts to run, from files of which formats (a pattern), and where generated shops
# stay for the next time.
bench: ORDERS ?= 10000000 50000000
bench-peers: ORDERS ?= 10000000
FORMAT ?= (csv|parquet)
RUNS ?= 3
BENCH ?= load whole night packages
SHOPS ?= $(or $(TMPDIR),/tmp)/clientele-bench

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf 'make %-11s  %s\n' "$$name" "$$text"; done

tools: # one clear line for what is missing
	@if ! command -v go >/dev/null; then echo "make: Go $(GO_NEEDED) or later is needed and not found: install it from https://go.dev/dl" >&2; exit 1; fi
	@if ! command -v "$$(go env CC | cut -d' ' -f1)" >/dev/null; then echo "make: a C compiler is needed and $$(go env CC) is not found: install gcc or clang" >&2; exit 1; fi
	@if ! command -v "$$(go env CXX | cut -d' ' -f1)" >/dev/null; then echo "make: a C++ compiler is needed and $$(go env CXX) is not found: install g++ or clang" >&2; exit 1; fi

build: tools ## build bin/clientele
	CGO_ENABLED=1 go build -tags $(TAGS) -ldflags "-X main.version=$(VERSION)" -o bin/clientele ./cmd/clientele

# The folder is fixed, because it is removed first.
demo: build ## write a generated shop, run the whole job on it, say where the report is (CUSTOMERS=, SEED=)
	rm -rf demo/shop
	mkdir -p demo
	bin/clientele demo demo/shop --customers $(CUSTOMERS) --seed $(SEED)
	bin/clientele -C demo/shop run
	@for lang in en zh; do test -s demo/shop/exports/current/report.$$lang.html; done
	@printf '\nThe report, in English and in Chinese:\n  %s\n  %s\n' '$(CURDIR)/demo/shop/exports/current/report.en.html' '$(CURDIR)/demo/shop/exports/current/report.zh.html'

test: tools ## run every test, and say how many passed, failed and were skipped
	RAPID_SEED=$(RAPID_SEED) go test -json -timeout 40m -tags $(TAGS) ./... | go run .ci/summary.go

lint: tools ## gofmt, go vet with and without the build tag, staticcheck
	@unformatted=$$(gofmt -l .); if [ -n "$$unformatted" ]; then echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; fi
	go vet -tags $(TAGS) ./...
	go vet ./...
	go run $(STATICCHECK) -tags $(TAGS) ./...

bench: tools ## time loading, then a whole run, stage by stage, beside DuckDB alone, a next night beside a first one, then every package (BENCH=load, whole, night or packages, ORDERS='10000000 50000000', RUNS=, FORMAT=)
	@for part in $(BENCH); do case $$part in \
	  load) go test -tags $(TAGS) -run '^$$' -bench Load -benchtime $(RUNS)x -timeout 0 -v ./engine \
	    -whole.orders $(firstword $(ORDERS)) -whole.customers $$(($(firstword $(ORDERS)) / 10)) -whole.shops '$(SHOPS)';; \
	  whole) for orders in $(ORDERS); do \
	    go test -tags $(TAGS) -run '^$$' -bench 'WholeRun/$(FORMAT)' -benchtime $(RUNS)x -timeout 0 -v ./engine \
	      -whole.orders $$orders -whole.customers $$((orders / 10)) -whole.shops '$(SHOPS)' \
	      -whole.results '$(CURDIR)/testdata/bench/results.tsv' -whole.commit '$(MEASURED)'; done;; \
	  night) for orders in $(ORDERS); do \
	    go test -tags $(TAGS) -run '^$$' -bench Night -benchtime $(RUNS)x -timeout 0 -v ./engine \
	      -whole.orders $$orders -whole.customers $$((orders / 10)) -whole.shops '$(SHOPS)'; done;; \
	  packages) go test -tags $(TAGS) -run '^$$' -bench . -benchmem -timeout 0 ./models/... ./ingest/... ./engine/internal/duck ./engine/report ./engine/demo;; \
	  *) echo "make: BENCH=$$part: not load, whole, night or packages" >&2; exit 2;; \
	esac; done

bench-peers: build ## the same job by pandas and by polars with lifetimes and scikit-learn, in turns with clientele (needs python3 with pip; ORDERS=)
	@orders='$(SHOPS)'/csv-$(ORDERS)-$$(($(ORDERS) / 10))/data/orders; \
	if [ ! -d "$$orders" ]; then $(MAKE) bench BENCH=whole FORMAT=csv RUNS=1 ORDERS=$(ORDERS); fi; \
	testdata/peers/run.sh bin/clientele "$$orders"

soak: tools ## hours of what test does in seconds: fuzzing, properties, many kills, races, long streams, checked C pointers (FUZZTIME=, CHECKS=, KILLS=, SPLITS=, ROWS=, FAULTS=, CALLS=, ORDERS=)
	grep -rlE '^func Fuzz' --include='*_test.go' . | while read -r file; do \
	  sed -nE 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/p' "$$file" | while read -r name; do \
	    go test -tags $(TAGS) -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "$$(dirname "$$file")" </dev/null; \
	  done; \
	done
	grep -rlF 'rapid.Check(' --include='*_test.go' . | xargs -n 1 dirname | sort -u | while read -r dir; do \
	  names=$$(sed -nE '/^func /h; /rapid\.Check\(/{x; s/^func (Test[A-Za-z0-9_]*).*/\1/p; x}' "$$dir"/*_test.go | paste -sd '|'); \
	  go test -tags $(TAGS) -timeout 0 -run "^($$names)\$$" -skip 'RulesAgainstFacts|NobodyIsContacted' "$$dir" -rapid.checks $(CHECKS) -rapid.seed 0 </dev/null; \
	done
	go test -tags $(TAGS) -timeout 0 -run Kill -count $(KILLS) ./engine/workspace ./engine/list
	go test -tags $(TAGS) -timeout 0 -v -run 'TestFaults|TestReaders|TestClocks|TestQueryStops' ./cmd/clientele -quiet -kills $(FAULTS) -calls $(CALLS) -series $(CALLS) -sizes 20 -stops 60 -runs 100 -flips 400 -clocks 20
	go test -tags $(TAGS) -timeout 0 -v -run MemoryLimit ./cmd/clientele -memory.limit 512 -memory.orders $(ORDERS) -memory.customers 100000 -memory.sample 50000
	go test -tags $(TAGS) -timeout 0 -v -run DamagedFiles ./engine -damaged 1000
	go test -tags $(TAGS) -timeout 0 -run NobodyIsContacted ./engine -lists 300
	go test -tags $(TAGS) -timeout 0 -run QueryOnlyReads ./engine -queries 100000
	go test -tags $(TAGS) -timeout 0 -race -short ./...
	go test -tags $(TAGS) -timeout 0 ./ingest/csv ./ingest/jsonl ./ingest/parquet ./ingest/xlsx -run Damaged -mutations=1000
	go test -tags $(TAGS) -timeout 0 ./engine -run 'AnySplit|RollbackIsExact|NightlyExports' -splits $(SPLITS)
	go test -tags $(TAGS) -timeout 0 -run MemoryIsBounded ./ingest/database -database.rows $(ROWS)
	go test -tags $(TAGS) -timeout 0 ./engine/segment -run AnyText -rules 1000000
	go test -tags $(TAGS) -timeout 0 ./engine -run 'RulesAgainstFacts|TablesOfRules' -worlds 20 -parsed 100000 -rapid.checks 2000
	for part in evaluate risk bgnbd interval; do go test -tags $(TAGS) -timeout 0 ./models/$$part -long; done
	GOEXPERIMENT=cgocheck2 go test -tags $(TAGS) -timeout 0 -short ./engine/...

fmt: ## format the code
	gofmt -w .

clean: ## remove what build and demo made
	rm -rf bin demo
