package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/formula"
	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Formats are the formats of Export.
func Formats() []string { return []string{"parquet", "csv", "xlsx"} }

// WorkbookName is the file that Export writes in the format xlsx.
const WorkbookName = "clientele.xlsx"

// Export copies the data files of a run to a folder in some formats, with the data
// dictionary. CSV is UTF-8 with a header, NULL is empty, and texts that a spreadsheet
// would run have an apostrophe before them unless raw. XLSX is one workbook, a sheet for
// each file.
func (e *Engine) Export(ctx context.Context, asOf, to string, formats []string, raw bool) ([]string, error) {
	run, err := e.openCurrent(asOf) // what is handed on is compared whole
	if err != nil {
		return nil, err
	}
	for _, f := range formats {
		if !slices.Contains(Formats(), f) {
			return nil, fmt.Errorf("format %q: not %s", f, strings.Join(Formats(), ", "))
		}
	}
	if err := e.refuseOwn(to); err != nil {
		return nil, err
	}
	for _, f := range run.Manifest.Files {
		if f.Name == "dictionary.csv" || strings.HasSuffix(f.Name, ".parquet") {
			if err := run.CheckFile(f.Name); err != nil {
				return nil, err
			}
		}
	}
	if err := os.MkdirAll(to, 0o777); err != nil {
		return nil, fmt.Errorf("export to %s: %w", to, underlying(err))
	}
	var written []string
	for _, f := range run.Manifest.Files {
		base, isParquet := strings.CutSuffix(f.Name, ".parquet")
		switch {
		case f.Name == "dictionary.csv" || isParquet && slices.Contains(formats, "parquet"):
			if err := copyFile(filepath.Join(to, f.Name), filepath.Join(run.Dir, f.Name)); err != nil {
				return nil, fmt.Errorf("export %s: %w", f.Name, err)
			}
			written = append(written, filepath.Join(to, f.Name))
		}
		if isParquet && slices.Contains(formats, "csv") {
			path := filepath.Join(to, base+".csv")
			if err := e.toCSV(ctx, filepath.Join(run.Dir, f.Name), path, raw); err != nil {
				return nil, fmt.Errorf("export %s.csv: %w", base, err)
			}
			written = append(written, path)
		}
	}
	if slices.Contains(formats, "xlsx") {
		path := filepath.Join(to, WorkbookName)
		if err := e.toXLSX(ctx, run, path); err != nil {
			return nil, fmt.Errorf("export %s: %w", WorkbookName, underlying(err))
		}
		written = append(written, path)
	}
	return written, nil
}

// toCSV writes a Parquet file as CSV, with its texts as they are when raw.
func (e *Engine) toCSV(ctx context.Context, from, to string, raw bool) error {
	return inPlace(to, func(fresh string) error {
		opt := e.options(false, "")
		opt.Folders = append(opt.Folders, filepath.Dir(fresh))
		db, err := duck.Open(ctx, "", opt)
		if err != nil {
			return err
		}
		defer db.Close()
		source := "FROM read_parquet(" + duck.Literal(from) + ")"
		selection := "*"
		if !raw {
			if selection, err = harmless(ctx, db, source); err != nil {
				return err
			}
		}
		return db.Exec(ctx, "COPY (SELECT "+selection+" "+source+") TO "+duck.Literal(fresh)+" (FORMAT csv, HEADER)")
	})
}

// harmless is the selection of all columns of a source so that no text of them is a
// formula to the spreadsheet that opens the CSV.
func harmless(ctx context.Context, db *duck.DB, source string) (string, error) {
	t, err := db.Query(ctx, "SELECT column_name, column_type FROM (DESCRIBE "+source+")")
	if err != nil {
		return "", err
	}
	parts := make([]string, t.Rows())
	for i := range parts {
		parts[i] = duck.Identifier(string(t.Column("column_name").Texts.At(i)))
		if string(t.Column("column_type").Texts.At(i)) == "VARCHAR" {
			parts[i] = formula.SQL(parts[i]) + " AS " + parts[i]
		}
	}
	return strings.Join(parts, ", "), nil
}

// inPlace puts what write makes of an empty path at a place, durably and at one
// instant. It is made in a hidden folder beside the place, which nobody else can have
// put there.
func inPlace(to string, write func(fresh string) error) error {
	if err := refuseLink(to); err != nil {
		return err
	}
	hidden := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	if err := os.RemoveAll(hidden); err != nil { // of a command that was killed
		return err
	}
	if err := os.Mkdir(hidden, 0o700); err != nil {
		return err
	}
	defer os.RemoveAll(hidden)
	fresh := filepath.Join(hidden, filepath.Base(to))
	if err := write(fresh); err != nil {
		return err
	}
	if err := syncFile(fresh); err != nil {
		return err
	}
	return os.Rename(fresh, to)
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// copyFile puts a copy of a file at a place. Into a device or a pipe it is written.
func copyFile(to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := os.Stat(to)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: is a folder: name a file", to)
	case err == nil && !info.Mode().IsRegular():
		return writeInto(to, src)
	}
	return inPlace(to, func(fresh string) error {
		dst, err := os.OpenFile(fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		_, err = io.Copy(dst, src)
		return errors.Join(err, dst.Close())
	})
}

// writeInto writes src to what is no plain file.
func writeInto(path string, src io.Reader) error {
	dst, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

// Report copies the HTML report of a run to a file.
func (e *Engine) Report(asOf, lang, to string) error {
	run, err := e.openCurrent(asOf) // what is handed on is compared whole
	if err != nil {
		return err
	}
	name := "report." + lang + ".html"
	if !slices.ContainsFunc(run.Manifest.Files, func(f workspace.File) bool { return f.Name == name }) {
		return fmt.Errorf("the run as of %s has no report in %q: add it to output.reports in %s and score again", run.AsOf, lang, workspace.ConfigName)
	}
	if err := e.refuseOwn(to); err != nil {
		return err
	}
	if err := run.CheckFile(name); err != nil {
		return err
	}
	if err := copyFile(to, filepath.Join(run.Dir, name)); err != nil {
		return fmt.Errorf("write %s: %w", to, underlying(err))
	}
	return nil
}
