package ingest

import (
	"context"
	"time"

	"clientele/engine/table"
)

// Options say how a file is to be read; zero values mean "find out".
type Options struct {
	Kind      string            // orders, order-lines, customers, products, refunds, interactions, campaigns, responses
	Format    string            // auto, csv, tsv, jsonl, parquet
	Encoding  string            // auto, utf-8, gb18030
	Delimiter string            // auto, or one character
	Dates     string            // auto, ymd, dmy, mdy: order of day and month in 03/04/2024
	Decimal   string            // auto, "." or ","
	Map       map[string]string // canonical column: header name; overrides recognition
	Status    map[string]string // the file's word (case-folded): canonical status
	Zone      *time.Location    // business zone; zone of instants that name none
	Now       time.Time         // moment of loading: facts dated more than a day later are rejected
	Key       []byte            // key of the hash that makes ids of customers known by e-mail or phone only
	Workers   int               // goroutines that parse; 0: all cores
}

// Detected says what a file was found to be when it was opened.
type Detected struct {
	Format    string   // csv, jsonl, parquet
	Encoding  string   // utf-8, gb18030; "" where the format has none
	Delimiter string   // "," ";" "\t" "|" ...; "" where the format has none
	Notes     []string // for people: "byte order mark skipped" ...
}

// OpenFunc opens a file as rows of cells, whatever its format. Package formats
// has the one that knows every format; it is handed in because the readers
// import this package. It is called again for each pass over the file.
type OpenFunc func(path string, opt Options) (Reader, Detected, error)

// Binding says which header column feeds a canonical column.
type Binding struct {
	Target string // canonical column
	Header string // name in the file
	Index  int    // position in the file
	How    string // "name" (recognised), "map" (configured)
}

// File is an opened and recognised file, ready to load once.
type File struct {
	Path     string
	Kind     string
	Format   string // csv, jsonl, parquet (what it was found to be)
	Encoding string
	Header   []string
	Bindings []Binding
	Unused   []string // header columns that feed nothing
	Hash     string   // SHA-256 of the file's bytes, hex
	Notes    []string // what was inferred, for people: "dates read as day/month/year" ...
	HasID    bool     // rows carry an id of their own; otherwise ids are made from content and begin with "~"

	opt Options
}

// Chunk is a run of converted rows. Read = Table.Rows() + len(Rejects).
//
// Columns of Table: line (Int, line in the file), content (Int, 64-bit hash of the
// row's canonical values), the kind's id as Text, customer_key (Text, null when
// the row names no customer) with customer_via (Category id, email, phone) when
// some ids come from addresses, and one column for each Binding.
type Chunk struct {
	Table   *table.Table
	Rejects []Reject
	Read    int
}

// Loader is implemented by File; see Open.
type Loader interface {
	Fields() []table.Field
	Load(ctx context.Context, emit func(*Chunk) error) error
}
