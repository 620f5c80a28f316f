package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"clientele/engine/table"
)

// Options say how a file is to be read; zero values mean "find out".
type Options struct {
	Kind        string            // orders, order-lines, customers, products, refunds, interactions, campaigns, responses; auto
	Format      string            // auto, csv, tsv, json, jsonl, parquet, xlsx
	Encoding    string            // auto, utf-8, gb18030, utf-16, windows-1252 ... (the list stands with package csv)
	Delimiter   string            // auto, or one character
	Dates       string            // auto, ymd, dmy, mdy: order of day and month in 03/04/2024; excel: year first, and numbers are a spreadsheet's days
	Decimal     string            // auto, "." or ","
	Map         map[string]string // canonical column: header name, or "-" for none; overrides recognition
	Status      map[string]string // the file's word (case-folded): canonical status
	Zone        *time.Location    // business zone
	Times       *time.Location    // zone of instants that name none; nil: that of the recognised export, else Zone
	PhoneRegion string            // ISO 3166 region of telephone numbers without a country code; "": CN
	Now         time.Time         // moment of loading: facts dated more than a day later are rejected
	Key         []byte            // key of the hash that makes ids of customers known by e-mail or phone only
	Workers     int               // goroutines that parse; 0: all cores
	Fold        *Fold             // nil: chunks keep every column of each row
	HashLate    bool              // File.Hash may be empty until Sum, or Load, has returned
	Sheet       string            // of a workbook: its name, or its number from 1; "": the first that holds a table
	Configured  bool              // the file is of a source of clientele.yaml: advice names its settings, not flags
	Root        string            // folder of the source: segments key=value of the path below it become columns; "": none
	Expand      int64             // bytes that a compressed file may hold; 0: 1 GiB, or 200 times its size up to 64 GiB
}

// Detected says what a file was found to be when it was opened.
type Detected struct {
	Format    string   // csv, json, jsonl, parquet, xlsx
	Encoding  string   // utf-8, gb18030, utf-16le ...; "" where the format has none
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
	Index  int    // position in the file; past its last column for what a Source adds
	How    string // "name" (recognised by its name), "source" (by what the export is), "map" (configured)
	From   []int  // positions of the columns of the file that a Source makes it from; nil: it stands there as it is
}

// File is an opened and recognised file, ready to load once. It is used by one
// goroutine.
type File struct {
	Path     string
	Kind     string
	Format   string // csv, json, jsonl, parquet, xlsx (what it was found to be)
	Encoding string
	Header   []string
	Bindings []Binding // in the order of columns.tsv
	Unused   []string  // header columns that feed nothing
	Hash     string    // SHA-256 of the file's bytes, hex; for a stream see OpenStream
	Notes    []string  // what was inferred, for people: "dates read as day/month/year" ...; complete once Load has returned
	HasID    bool      // rows carry an id of their own; otherwise ids are made from content and begin with "~"
	Source   *Source   // the export that it was recognised as; nil: none
	Zone     string    // of its times of day: an IANA name, or offsets such as UTC+08:00; "": the business zone, or there are none
	Amount   string    // what an amount in a row is of, where that is known: order, line; else ""

	sum     <-chan fileHash // nil once it is in Hash
	opt     Options
	open    OpenFunc
	info    os.FileInfo
	plan    *plan
	written written  // the currency that amounts are written with
	mended  *Header  // how its Source saw it; nil: none
	input   *input   // opened and ready to be read from the first row; nil once loaded
	rows    *rowHash // of a stream; nil for a file
}

// Chunk is a run of converted rows. Read = Table.Rows() + len(Rejects).
//
// Columns of Table, the same ones in every chunk of a file (Fields):
//
//   - line (Int): line in the file.
//   - content (Int): 64-bit hash of the canonical values of the row, its customer
//     among them. Columns without a value and the order of columns do not matter.
//   - the id of the kind (Text): order_id, product_id, refund_id, interaction_id,
//     campaign_id, response_id. Where a file of facts has no such column, "~" and a
//     128-bit hash of the same values: equal rows have equal ids, to be told apart by
//     numbering their occurrences.
//   - customer_key (Text, null when the row names no customer), for kinds that name
//     customers. customer_via (Category: id, email, phone) when the file has a column
//     of addresses: rows without an id have an opaque key made from an address.
//   - one column for each Binding, in the order of columns.tsv, under the name of its
//     target, except: customer_id is in customer_key, ordered_time in ordered_at, first_name and
//     last_name in name; the number of an order's line is line_number; columns mapped
//     to attribute.NAME are one JSON object, attributes (Text).
//   - ordered_on, refunded_on, occurred_on, cancelled_on, updated_on (Date, business
//     zone) after ordered_at, refunded_at, occurred_at, cancelled_at, updated_at
//     (Timestamp).
//
// Missing values are Null (Category -1, Float NaN).
//
// With Options.Fold the columns of who, how to reach them and what product are
// numbers, as Fold says.
type Chunk struct {
	Table   *table.Table
	Rejects []Reject // in the order of their lines
	Read    int

	People, Cards, Terms, Articles *table.Table  // what no earlier chunk told of; nil without a Fold or such columns
	Repeated                       table.Strings // ids of rows whose id stood in an earlier row of the Fold's files

	first, last []byte // ids of its first and its last row, with a Fold
	ascends     bool   // each id comes after the one before it; then none was remembered
}

// Open looks at a file, finds out which column is what, and how dates and
// decimals are written, and computes the hash of its bytes. It reads the first
// piece of the file; it reads all of it when that shows dates or decimals that
// can be read in two ways, or no date at all. Whatever makes the file as a whole unfit is an error
// of one line that names the file and says what to do. The caller closes the
// File, or loads it, which closes it as well.
func Open(ctx context.Context, path string, opt Options, open OpenFunc) (*File, error) {
	f, err := openFile(ctx, path, opt, open)
	return f, at(path, err)
}

func openFile(ctx context.Context, path string, opt Options, open OpenFunc) (_ *File, err error) {
	if err := knownKind(opt.Kind); err != nil {
		return nil, err
	}
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	info, err := sniff(path)
	if err != nil {
		return nil, err
	}
	sum := hashFile(path)
	reader, found, err := open(path, opt)
	if err != nil {
		return nil, bare(err)
	}
	f := &File{Path: path, Format: found.Format, Encoding: found.Encoding,
		Header: readable(reader.Header()), Notes: found.Notes, opt: opt, open: open, info: info, input: &input{reader: reader}}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	k, err := f.identify()
	if err != nil {
		return nil, err
	}
	if err := f.recognise(k); err != nil {
		return nil, err
	}
	if err := f.infer(ctx); err != nil {
		return nil, err
	}
	f.sum = sum
	if opt.HashLate {
		return f, nil
	}
	return f, f.Sum()
}

// readable are names of columns as text, whatever a damaged file or one of another
// encoding has: they are told to people and kept in the store.
func readable(header []string) []string {
	out := make([]string, len(header))
	for i, h := range header {
		out[i] = strings.ToValidUTF8(h, "\uFFFD")
	}
	return out
}

// Size is the number of bytes of a file; 0 of a stream.
func (f *File) Size() int64 {
	if f.info == nil {
		return 0
	}
	return f.info.Size()
}

// Unfit is the error of a file that was read to its end and whose data as a whole
// cannot be taken: ids that lost digits, amounts in several currencies.
type Unfit struct{ error }

// Unwrap is what is wrong.
func (u *Unfit) Unwrap() error { return u.error }

// Sum waits for the hash of the file's bytes, which is then in Hash.
func (f *File) Sum() error {
	if f.sum == nil {
		return nil
	}
	hash := <-f.sum
	f.sum, f.Hash = nil, hash.hex
	return hash.err
}

// recognise binds the columns of the file and lays out its table.
func (f *File) recognise(k kind) error {
	header := slices.Concat(f.Header, f.Source.adds())
	bindings, notes, err := bind(k, header, f.opt.Map, f.Source)
	if err != nil {
		return err
	}
	if err := check(k, f.Header, bindings, f.opt, f.Source); err != nil {
		return err
	}
	f.Bindings, f.Notes = bindings, append(f.Notes, notes...)
	f.Notes = append(f.Notes, f.buyerless(k)...)
	f.Amount = amountOf(f.Source, bindings)
	used := headersOf(bindings)
	for i := range bindings {
		if f.mended != nil {
			bindings[i].From = f.Source.madeOf(bindings[i].Header, f.mended)
		}
		for _, from := range bindings[i].From {
			used[from] = true
		}
	}
	for i, h := range f.Header {
		if !used[i] {
			f.Unused = append(f.Unused, h)
		}
	}
	if f.plan, err = newPlan(k, f.Header, bindings, f.opt); err != nil {
		return err
	}
	f.plan.folded = foldOf(k, f.plan.fields)
	f.HasID = f.plan.has(k.id)
	if k.who && f.plan.has("email", "phone") && len(f.opt.Key) == 0 {
		return errors.New("customers known by e-mail or phone need the key of the hash that makes their ids")
	}
	if k.name == "orders" && !f.plan.has("net", "gross", "line_net") && !(f.plan.has("quantity") && f.plan.has("unit_price")) {
		note := "no column of amounts: orders are counted, their money is not known"
		if f.plan.has("items") {
			note = "no column of amounts of orders: an order is worth its items, and one without items nothing"
		}
		f.Notes = append(f.Notes, note)
	}
	for _, c := range f.plan.columns {
		if c.typ.dated() && c.zone != f.plan.zone {
			f.Notes = append(f.Notes, fmt.Sprintf("column %q: times without a zone read as %s", c.header, c.zoneName))
		}
	}
	return nil
}

// infer finds out how dates and decimals are written, from the first piece that
// has rows if that is enough, else from the whole file. A column of dates that is
// blank so far is no reason to read on while another shows dates.
func (f *File) infer(ctx context.Context) error {
	cols := f.plan.columns
	dates, decimals := make([]bool, len(cols)), make([]bool, len(cols))
	for i, c := range cols {
		dates[i] = c.typ.dated()
		decimals[i] = c.typ.numeric() && (f.opt.Decimal == "" || f.opt.Decimal == "auto")
	}
	all, err := f.input.sample()
	if err != nil && (f.rows == nil || !errors.Is(err, errNoRows)) {
		return err
	}
	seen := newEvidence(len(cols))
	for _, b := range f.input.held {
		seen.inspect(b, cols, dates, decimals)
	}
	f.Zone = f.timesOf()
	auto := f.opt.Dates == "" || f.opt.Dates == "auto"
	more := auto && seen.noDates(dates)
	told := slices.ContainsFunc(seen.decimals, func(d decimalEvidence) bool { return d.told() })
	for i := range cols {
		d := &seen.dates[i]
		dates[i] = dates[i] && auto // what numbers count is told by the first piece
		more = more || dates[i] && !d.silent()
		dates[i] = dates[i] && (!d.silent() || d.cells == 0) // a blank column may tell further down
		// Whole numbers do not tell the decimal sign. Where no column does, the rest of
		// the file may; formats with numbers of their own write it one way.
		open := !told && seen.decimals[i].whole > 0 && cols[i].typ == typeMoney && f.Format == "csv"
		decimals[i] = decimals[i] && (open || !seen.decimals[i].settled())
		more = more || decimals[i]
	}
	if more && !all {
		look := f.scan
		if f.rows != nil {
			look = f.lookOn
		}
		if err := look(ctx, seen, dates, decimals); err != nil {
			return err
		}
	}
	notes, err := seen.decide(cols, f.opt)
	f.Notes = append(f.Notes, notes...)
	f.written = seen.writtenIn(cols)
	f.takeWritten("")
	return err
}

// scan replaces the evidence on the columns in question by that of the whole
// file, and opens the file again.
func (f *File) scan(ctx context.Context, seen *evidence, dates, decimals []bool) error {
	for i := range dates {
		if dates[i] {
			seen.dates[i] = dateEvidence{}
		}
		if decimals[i] {
			seen.decimals[i] = decimalEvidence{}
		}
	}
	in := f.input
	f.input = nil
	err := pipeline(ctx, in, f.opt.Workers, func() func(*Block) *evidence {
		return func(b *Block) *evidence {
			e := newEvidence(len(f.plan.columns))
			e.inspect(b, f.plan.columns, dates, decimals)
			return e
		}
	}, func(e *evidence) error {
		seen.add(e)
		return nil
	})
	if err = errors.Join(err, in.close()); err != nil {
		return err
	}
	reader, _, err := f.open(f.Path, f.opt)
	if err != nil {
		return bare(err)
	}
	f.input = &input{reader: reader}
	return nil
}

// Fields are the columns of every chunk.
func (f *File) Fields() []table.Field {
	if f.opt.Fold != nil {
		return slices.Clone(f.plan.folded.fields)
	}
	return slices.Clone(f.plan.fields)
}

// Load converts the file and hands its chunks to emit, in the order of the file
// and from the caller's goroutine. Pieces are parsed and converted by
// Options.Workers goroutines; at most that many and two more are in memory. An
// error of emit stops it and is returned as it is. Load closes the file. When all
// went well it adds to Notes what only the whole file shows: rows without an
// amount, and what the reader found late. A file with words for the state of an
// order that no table knows is read to its end, so that the error, an
// *UnknownStatus, can list them all: nothing of such a file should be stored.
func (f *File) Load(ctx context.Context, emit func(*Chunk) error) error {
	in := f.input
	if in == nil {
		return at(f.Path, errors.New("a file is loaded once"))
	}
	f.input = nil
	var stop error
	unpaid := f.amountless()
	err := pipeline(ctx, in, f.opt.Workers, f.work, func(w worked) error {
		unpaid.look(w.chunk.Table)
		if f.opt.Fold != nil {
			f.opt.Fold.inOrder(w.chunk)
		}
		f.rows.add(w.rows)
		stop = emit(w.chunk)
		return stop
	})
	if e := in.close(); err == nil {
		err = e
	}
	if spoilt := f.plan.spoilt.err(f.Format); spoilt != nil && ctx.Err() == nil {
		return at(f.Path, spoilt)
	}
	if stop != nil || err != nil && ctx.Err() != nil {
		return err
	}
	if err == nil {
		err = f.Sum()
	}
	if err == nil {
		err = f.unchanged()
	}
	if err == nil {
		f.plan.unknown.found.say = f.opt.advice()
		err = f.plan.unknown.err()
	}
	if err == nil {
		err = f.plan.mixed.err()
	}
	if err == nil {
		err = f.plan.mixed.against(f.currency())
	}
	if err == nil && f.rows != nil {
		f.Hash = f.rows.hex()
	}
	if err == nil { // a new slice: what was read of Notes before stays as it was
		f.Notes = slices.Concat(f.Notes, f.late(in.reader), unpaid.note(), f.plan.remarked.notes(), f.plan.masked.notes())
	}
	return at(f.Path, err)
}

// Use sets the Fold of a file that was opened with one and is not loaded yet.
func (f *File) Use(fold *Fold) {
	f.opt.Fold = fold
	f.takeWritten(fold.Currency)
	if f.plan.folded.rate && fold.Rates != nil {
		f.plan.folded = f.plan.folded.rated()
	}
}

// chunks makes what one worker does.
func (f *File) chunks() func(*Block) *Chunk {
	c := newConverter(f.plan)
	if f.opt.Fold == nil {
		return c.convert
	}
	return func(b *Block) *Chunk {
		chunk := c.convert(b)
		f.opt.Fold.apply(chunk, f.plan.folded)
		return chunk
	}
}

// late returns what a reader has to say only now that it has read the file.
func (f *File) late(r Reader) []string {
	n, ok := r.(interface{ Notes() []string })
	if !ok {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Notes()), func(note string) bool { return slices.Contains(f.Notes, note) })
}

// unchanged makes sure that what was loaded is what was hashed.
func (f *File) unchanged() error {
	if f.rows != nil { // a stream, which nobody can ask again
		return nil
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return bare(err)
	}
	if info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()) {
		return errors.New("the file changed while it was read")
	}
	return nil
}

// Close releases a file that is not loaded. It may be called again and after Load.
func (f *File) Close() error {
	if f.input == nil {
		return nil
	}
	in := f.input
	f.input = nil
	return at(f.Path, in.close())
}

type fileHash struct {
	hex string
	err error
}

// hashFile computes the SHA-256 of a file beside what the caller does meanwhile.
func hashFile(path string) <-chan fileHash {
	out := make(chan fileHash, 1)
	go func() {
		f, err := os.Open(path)
		if err != nil {
			out <- fileHash{err: bare(err)}
			return
		}
		defer f.Close()
		h := sha256.New()
		_, err = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<20))
		out <- fileHash{hex: hex.EncodeToString(h.Sum(nil)), err: err}
	}()
	return out
}
