package config

import (
	"strings"
)

func (g Gates) check() *Error {
	if g.FreshDays != nil {
		if e := checkLeast("gates.fresh_days", *g.FreshDays, 0); e != nil {
			return e
		}
	}
	if e := checkLeast("gates.min_orders", g.MinOrders, 0); e != nil {
		return e
	}
	if g.MinVolume != nil {
		if e := checkRange("gates.min_volume", *g.MinVolume, 0, 1); e != nil {
			return e
		}
	}
	if g.MaxRejects != nil {
		return checkRange("gates.max_rejects", *g.MaxRejects, 0, 1)
	}
	return nil
}

// Set reports whether any gate is on.
func (g Gates) Set() bool { return g != Gates{} }

func (k Keep) check() *Error {
	for _, rule := range []struct {
		key string
		v   int
	}{{"keep.runs", k.Runs}, {"keep.days", k.Days}, {"keep.months", k.Months}} {
		if e := checkLeast(rule.key, rule.v, 0); e != nil {
			return e
		}
	}
	return nil
}

// Set reports whether any rule is on: else all runs stay.
func (k Keep) Set() bool { return k != Keep{} }

// checkMetrics wants the suffix without which the collector of node_exporter
// passes a file over, silently.
func checkMetrics(path string) *Error {
	if e := checkPath("metrics", path); e != nil || path == "" {
		return e
	}
	if !strings.HasSuffix(path, ".prom") {
		return bad("metrics", path, "does not end with .prom: node_exporter reads no other file")
	}
	return nil
}
