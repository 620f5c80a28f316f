package lineage

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// checkEvent holds an event to what the specification (2-0-2) requires of a
// RunEvent and of every facet: the required fields, no field of another name, an
// id that is a UUID, times of RFC 3339 and addresses of schemas that name the facet.
func checkEvent(t *testing.T, line []byte) map[string]any {
	t.Helper()
	var e map[string]any
	if err := json.Unmarshal(line, &e); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	keys := func(of string, m map[string]any, required string, allowed string) {
		for _, key := range strings.Fields(required) {
			if _, ok := m[key]; !ok {
				t.Errorf("%s has no %s", of, key)
			}
		}
		for key := range m {
			if !strings.Contains(" "+required+" "+allowed+" ", " "+key+" ") {
				t.Errorf("%s has %s", of, key)
			}
		}
	}
	keys("the event", e, "eventType eventTime run job producer schemaURL", "inputs outputs")
	if kind := e["eventType"].(string); !strings.Contains(" START RUNNING COMPLETE ABORT FAIL OTHER ", " "+kind+" ") {
		t.Errorf("eventType %s", kind)
	}
	if _, err := time.Parse(time.RFC3339, e["eventTime"].(string)); err != nil {
		t.Error(err)
	}
	if u, err := url.Parse(e["producer"].(string)); err != nil || u.Scheme == "" {
		t.Errorf("producer %v", e["producer"])
	}
	checkFacets := func(of string, m any) {
		for name, f := range m.(map[string]any) {
			fields := f.(map[string]any)
			schema, _ := fields["_schemaURL"].(string)
			file, definition, _ := strings.Cut(schema, ".json#/$defs/")
			if fields["_producer"] != e["producer"] || !strings.HasSuffix(file, "/"+definition) || definition == "" || !strings.HasPrefix(strings.ToLower(definition), strings.ReplaceAll(strings.ToLower(name), "_", "")) {
				t.Errorf("%s: facet %s: %v", of, name, schema)
			}
			required := map[string]string{"nominalTime": "nominalStartTime", "processing_engine": "version", "jobType": "processingType integration",
				"errorMessage": "message programmingLanguage", "schema": "fields", "dataQualityMetrics": "columnMetrics", "outputStatistics": ""}
			for _, key := range strings.Fields(required[name]) {
				if _, ok := fields[key]; !ok {
					t.Errorf("%s: facet %s has no %s", of, name, key)
				}
			}
			if _, known := required[name]; !known {
				t.Errorf("%s: facet %s is not one of the specification's that we use", of, name)
			}
		}
	}
	r, j := e["run"].(map[string]any), e["job"].(map[string]any)
	keys("run", r, "runId", "facets")
	if _, err := uuid.Parse(r["runId"].(string)); err != nil {
		t.Error(err)
	}
	keys("job", j, "namespace name", "facets")
	checkFacets("run", r["facets"])
	checkFacets("job", j["facets"])
	for side, facet := range map[string]string{"inputs": "inputFacets", "outputs": "outputFacets"} {
		for _, d := range e[side].([]any) {
			m := d.(map[string]any)
			keys(side, m, "namespace name", "facets "+facet)
			checkFacets(side, m["facets"])
			if m[facet] != nil {
				checkFacets(side, m[facet])
			}
		}
	}
	return e
}

func TestEvent(t *testing.T) {
	began := time.Date(2026, 11, 22, 2, 0, 0, 5, time.FixedZone("", 8*3600))
	r := Run{ID: ID("/data/shop", began.Format(time.RFC3339Nano)), Job: "shop.run", Version: "v1", Began: began}
	rows, size := int64(10), int64(2048)
	inputs := []Dataset{{Namespace: "file", Name: "in/web", Rows: &rows, Files: 2}, {Namespace: "postgres://db:5432", Name: "shop.sales.orders"}}
	outputs := []Dataset{{Namespace: "file", Name: "exports/as_of=2026-11-21/scores.parquet", Rows: &rows, Bytes: &size, Fields: []Field{{"as_of", "DATE", "day"}, {Name: "clv"}}}}
	start := checkEvent(t, Event(Started, began, r, inputs, nil, ""))
	done := checkEvent(t, Event(Completed, began.Add(time.Minute), r, inputs, outputs, ""))
	fail := checkEvent(t, Event(FailedRun, began.Add(time.Minute), r, inputs, nil, "the disk is full"))
	if start["run"].(map[string]any)["runId"] != done["run"].(map[string]any)["runId"] {
		t.Error("start and end are of two runs")
	}
	if start["eventTime"] != "2026-11-21T18:00:00.000000005Z" {
		t.Errorf("time %v", start["eventTime"])
	}
	if fail["run"].(map[string]any)["facets"].(map[string]any)["errorMessage"].(map[string]any)["message"] != "the disk is full" {
		t.Errorf("%v", fail)
	}
	out := done["outputs"].([]any)[0].(map[string]any)
	if out["outputFacets"].(map[string]any)["outputStatistics"].(map[string]any)["rowCount"] != float64(10) || len(out["facets"].(map[string]any)["schema"].(map[string]any)["fields"].([]any)) != 2 {
		t.Errorf("%v", out)
	}
}

// The words decide the id, and how they are cut does too.
func TestID(t *testing.T) {
	seen := map[string]string{}
	for _, words := range [][]string{{"a", "b"}, {"ab"}, {"a\nb"}, {"b", "a"}, {"a", "b", ""}} {
		id := ID(words...)
		if other, taken := seen[id]; taken {
			t.Errorf("%q has the id of %s", words, other)
		}
		seen[id] = strings.Join(words, " ")
	}
	if again := ID("a", "b"); seen[again] != "a b" {
		t.Errorf("the same words gave %s", again)
	}
}

// Events are added; a line that was cut short stays alone, and one that does not
// fit leaves nothing.
func TestAppend(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lineage.jsonl")
	for _, line := range []string{"{\"a\":1}\n", "{\"b\":2}\n"} {
		if err := Append(path, []byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("{\"c\":")
	f.Close()
	if err := Append(path, []byte("{\"d\":4}\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, []byte("{\"a\":1}\n{\"b\":2}\n{\"c\":\n{\"d\":4}\n")) {
		t.Errorf("%q, %v", got, err)
	}
	if err := Append(filepath.Join(path, "x"), nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
}
