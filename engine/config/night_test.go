package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The settings of the nightly job, as people write them.
func TestReadNight(t *testing.T) {
	days, half, share := 3, 0.5, 0.005
	for _, c := range []struct {
		text string
		want func(*Config)
	}{
		{"gates: {fresh_days: 3, min_orders: 10, min_volume: 50%, max_rejects: 0.5%, checks: true}", func(c *Config) {
			c.Gates = Gates{FreshDays: &days, MinOrders: 10, MinVolume: &half, MaxRejects: &share, Checks: true}
		}},
		{"gates: {fresh_days: off, min_volume: off, max_rejects: off}", func(*Config) {}},
		{"gates: {fresh_days: 0}", func(c *Config) { c.Gates.FreshDays = new(int) }},
		{"keep: {runs: 400, days: 30, months: 36}", func(c *Config) { c.Keep = Keep{400, 30, 36} }},
		{"metrics: /var/lib/node/clientele.prom\nlineage: lineage.jsonl", func(c *Config) { c.Metrics, c.Lineage = "/var/lib/node/clientele.prom", "lineage.jsonl" }},
	} {
		want := Default()
		c.want(&want)
		got, err := Parse("clientele.yaml", []byte(c.text))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", c.text, diff)
		}
		if Hash(got) != Hash(Default()) {
			t.Errorf("%s: changes the hash of what is scored", c.text)
		}
	}
	for text, want := range map[string]string{
		"gates: {fresh_days: soon}":  "gates.fresh_days: \"soon\": not a whole number",
		"gates: {fresh_days: -1}":    "gates.fresh_days: \"-1\": less than 0",
		"gates: {min_orders: off}":   "not a whole number",
		"gates: {min_volume: 150%}":  "gates.min_volume: \"1.5\": not between 0 and 1",
		"gates: {max_rejects: many}": "not a number such as 0.1 or 10%",
		"gates: {checks: error}":     "not true or false",
		"gates: {fresh: 3}":          "unknown key \"fresh\"",
		"keep: {runs: -1}":           "keep.runs: \"-1\": less than 0",
		"keep: all":                  "not a section",
		"metrics: clientele.txt":     "does not end with .prom",
		"checks: [{name: a, table: orders, column: net, fresh_days: off}]": "not a whole number",
	} {
		if _, err := Parse("clientele.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestGatesSet(t *testing.T) {
	if (Gates{}).Set() || (Keep{}).Set() || !(Gates{MinVolume: new(float64)}).Set() || !(Keep{Months: 1}).Set() {
		t.Error("what is set is not told from what is not")
	}
}
