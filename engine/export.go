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

	"clientele/engine/internal/duck"
	"clientele/engine/workspace"
)

func isNotExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Formats are the formats of Export.
func Formats() []string { return []string{"parquet", "csv", "xlsx"} }

// WorkbookName is the file that Export writes in the format xlsx.
const WorkbookName = "clientele.xlsx"

// Export copies the data files of a run to a folder in some formats, with the data
// dictionary. CSV is UTF-8 with a header, NULL is empty. XLSX is one workbook, a sheet
// for each file.
func (e *Engine) Export(ctx context.Context, asOf, to string, formats []string) ([]string, error) {
	run, err := e.current(asOf)
	if err != nil {
		return nil, err
	}
	for _, f := range formats {
		if !slices.Contains(Formats(), f) {
			return nil, fmt.Errorf("format %q: not %s", f, strings.Join(Formats(), ", "))
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
			if err := e.toCSV(ctx, filepath.Join(run.Dir, f.Name), path); err != nil {
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

// toCSV writes a Parquet file as CSV under a temporary name, then in place.
func (e *Engine) toCSV(ctx context.Context, from, to string) error {
	db, err := duck.Open(ctx, "", e.options(false, ""))
	if err != nil {
		return err
	}
	defer db.Close()
	fresh := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	defer os.Remove(fresh)
	err = db.Exec(ctx, "COPY (FROM read_parquet("+duck.Literal(from)+")) TO "+duck.Literal(fresh)+" (FORMAT csv, HEADER)")
	if err != nil {
		return err
	}
	return os.Rename(fresh, to)
}

// copyFile puts a copy of a file at to, at one instant. What a link leads to is
// replaced, not the link; into a device or a pipe the copy is written.
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
	case err == nil:
		if to, err = filepath.EvalSymlinks(to); err != nil {
			return err
		}
	}
	fresh := filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part")
	dst, err := os.Create(fresh)
	if err != nil {
		return err
	}
	defer os.Remove(fresh)
	if _, err := io.Copy(dst, src); err != nil {
		dst.Close()
		return err
	}
	if err := dst.Close(); err != nil {
		return err
	}
	return os.Rename(fresh, to)
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
	run, err := e.current(asOf)
	if err != nil {
		return err
	}
	name := "report." + lang + ".html"
	if !slices.ContainsFunc(run.Manifest.Files, func(f workspace.File) bool { return f.Name == name }) {
		return fmt.Errorf("the run as of %s has no report in %q: add it to output.reports in %s and score again", run.AsOf, lang, workspace.ConfigName)
	}
	if err := copyFile(to, filepath.Join(run.Dir, name)); err != nil {
		return fmt.Errorf("write %s: %w", to, underlying(err))
	}
	return nil
}
