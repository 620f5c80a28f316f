// Package lineage tells what a run read and wrote, as OpenLineage events
// (https://openlineage.io, specification 2-0-2): one JSON object a line, a START
// and then a COMPLETE, FAIL or ABORT with the same run id. Who collects lineage
// posts the lines as they are.
package lineage

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/google/uuid"
)

// The types of events.
const (
	Started   = "START"
	Completed = "COMPLETE"
	FailedRun = "FAIL"
	Aborted   = "ABORT"
)

const (
	producer = "urn:clientele" // the specification wants a URI, which need not be an address
	spec     = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
	facets   = "https://openlineage.io/spec/facets/"
)

// Run is one run of the job.
type Run struct {
	ID      string // as ID gives it
	Job     string // name of the job, unique among those of the namespace
	Version string // of the program
	Began   time.Time
}

// Namespace is that of our jobs.
const Namespace = "clientele"

// ID is the id of a run: a UUID of the words that tell it from every other, such
// as its folder and the instant of its begin. The same words give the same id.
func ID(words ...string) string {
	text := ""
	for _, w := range words {
		text += fmt.Sprintf("%q\n", w)
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(Namespace+"\n"+text)).String()
}

// Dataset is what a run reads or writes.
type Dataset struct {
	Namespace string // file, or postgres://HOST:PORT; never with a user or a password
	Name      string // absolute path, or DATABASE.SCHEMA.TABLE
	Rows      *int64 // read or written; nil: not known
	Bytes     *int64 // written
	Files     int64  // read, 0: not known
	Fields    []Field
}

// Field is one column.
type Field struct {
	Name        string `json:"name"`
	Type        string `json:"type,omitempty"`
	Description string `json:"description,omitempty"`
}

type event struct {
	EventType string    `json:"eventType"`
	EventTime string    `json:"eventTime"`
	Run       run       `json:"run"`
	Job       job       `json:"job"`
	Inputs    []dataset `json:"inputs"`
	Outputs   []dataset `json:"outputs"`
	Producer  string    `json:"producer"`
	SchemaURL string    `json:"schemaURL"`
}

type run struct {
	RunID  string         `json:"runId"`
	Facets map[string]any `json:"facets"`
}

type job struct {
	Namespace string         `json:"namespace"`
	Name      string         `json:"name"`
	Facets    map[string]any `json:"facets"`
}

type dataset struct {
	Namespace    string         `json:"namespace"`
	Name         string         `json:"name"`
	Facets       map[string]any `json:"facets"`
	InputFacets  map[string]any `json:"inputFacets,omitempty"`
	OutputFacets map[string]any `json:"outputFacets,omitempty"`
}

// Event is one event as a line of JSON. failure is why the run failed, "" where it
// did not.
func Event(kind string, at time.Time, r Run, inputs, outputs []Dataset, failure string) []byte {
	e := event{EventType: kind, EventTime: at.UTC().Format(time.RFC3339Nano), Producer: producer, SchemaURL: spec,
		Inputs: []dataset{}, Outputs: []dataset{},
		Run: run{r.ID, map[string]any{
			"nominalTime":       facet("1-0-1", "NominalTimeRunFacet", map[string]any{"nominalStartTime": r.Began.UTC().Format(time.RFC3339Nano)}),
			"processing_engine": facet("1-1-1", "ProcessingEngineRunFacet", map[string]any{"version": r.Version, "name": "clientele"}),
		}},
		Job: job{Namespace, r.Job, map[string]any{
			"jobType": facet("2-0-3", "JobTypeJobFacet", map[string]any{"processingType": "BATCH", "integration": "CLIENTELE", "jobType": "JOB"}),
		}},
	}
	if failure != "" {
		e.Run.Facets["errorMessage"] = facet("1-0-1", "ErrorMessageRunFacet", map[string]any{"message": failure, "programmingLanguage": "GO"})
	}
	for _, d := range inputs {
		e.Inputs = append(e.Inputs, d.input())
	}
	for _, d := range outputs {
		e.Outputs = append(e.Outputs, d.output())
	}
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // texts and numbers can be marshalled
	}
	return append(line, '\n')
}

// facet adds to fields what every facet has.
func facet(version, name string, fields map[string]any) map[string]any {
	fields["_producer"] = producer
	fields["_schemaURL"] = facets + version + "/" + name + ".json#/$defs/" + name
	return fields
}

func (d Dataset) common() dataset {
	out := dataset{Namespace: d.Namespace, Name: d.Name, Facets: map[string]any{}}
	if len(d.Fields) > 0 {
		out.Facets["schema"] = facet("1-1-1", "SchemaDatasetFacet", map[string]any{"fields": d.Fields})
	}
	return out
}

func (d Dataset) input() dataset {
	out := d.common()
	if d.Rows == nil {
		return out
	}
	counts := map[string]any{"rowCount": *d.Rows, "columnMetrics": map[string]any{}}
	if d.Files > 0 {
		counts["fileCount"] = d.Files
	}
	out.InputFacets = map[string]any{"dataQualityMetrics": facet("1-0-2", "DataQualityMetricsInputDatasetFacet", counts)}
	return out
}

func (d Dataset) output() dataset {
	out := d.common()
	written := map[string]any{}
	if d.Rows != nil {
		written["rowCount"] = *d.Rows
	}
	if d.Bytes != nil {
		written["size"] = *d.Bytes
	}
	if len(written) > 0 {
		out.OutputFacets = map[string]any{"outputStatistics": facet("1-0-2", "OutputStatisticsOutputDatasetFacet", written)}
	}
	return out
}

// Append adds an event to a file, durably and whole: what could not be written to
// its end is taken off again, and a line that a crash has cut short is closed.
func Append(path string, line []byte) (err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return fmt.Errorf("lineage: %w", err)
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("lineage: %w", err)
		}
	}()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, size-1); err != nil {
			return err
		}
		if last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	if _, err := f.Write(line); err != nil {
		return errors.Join(err, f.Truncate(size))
	}
	return f.Sync()
}
