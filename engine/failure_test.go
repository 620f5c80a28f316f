package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"clientele/engine/workspace"
)

// What the disk did is found in whatever words it comes, with the name that
// people know of the place.
func TestStorageFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		want string // "": not about the disk
	}{
		{"system", &fs.PathError{Op: "write", Path: "shop/exports/.unfinished-as_of=2024-01-31/scores.parquet", Err: syscall.ENOSPC},
			"shop/exports/as_of=2024-01-31/scores.parquet: the disk is full"},
		{"wrapped", fmt.Errorf("publish: %w", &fs.PathError{Op: "sync", Path: "/data/shop/.private-clientele.duckdb/clientele.duckdb", Err: syscall.EIO}),
			"/data/shop/clientele.duckdb: the disk failed (input/output error)"},
		{"joined", errors.Join(errors.New("closed"), &fs.PathError{Op: "write", Path: "out/scores.csv", Err: syscall.EDQUOT}), "out/scores.csv: the disk quota is used up"},
		{"rename", &os.LinkError{Op: "rename", Old: "exports/.link-current", New: "exports/current", Err: syscall.EROFS}, "exports/current: the disk can only be read"},
		{"only the reason", fmt.Errorf("export clientele.xlsx: %w", underlying(&os.LinkError{Op: "rename", Old: "out/.clientele.xlsx.part/clientele.xlsx", New: "out/clientele.xlsx", Err: syscall.EIO})),
			"out/clientele.xlsx: the disk failed (input/output error)"},
		{"beside its place", &fs.PathError{Op: "write", Path: "/out/.clientele.xlsx.part/.workbook-527818774", Err: syscall.ENOSPC}, "/out/clientele.xlsx: the disk is full"},
		{"made aside", &fs.PathError{Op: "mkdir", Path: ".second.csv.part", Err: syscall.ENOSPC}, "second.csv: the disk is full"},
		{"aside", &fs.PathError{Op: "write", Path: "shop/.metrics.prom.4711", Err: syscall.ENOSPC}, "shop/metrics.prom: the disk is full"},
		{"duckdb", errors.New(`IO Error: Could not write file "/data/shop/.private-clientele.duckdb/clientele.duckdb": No space left on device`),
			"/data/shop/clientele.duckdb: the disk is full"},
		{"duckdb's log", errors.New(`IO Error: Could not write all bytes to file "/data/shop/.private-clientele.duckdb/clientele.duckdb.wal": wanted=9 wrote=0: File too large`),
			"/data/shop/clientele.duckdb: the system's limit on the size of files is reached"},
		{"checkpoint", errors.New(`IO Error: Checkpoint failed for database "clientele". The database is invalidated. Original error: Could not write file "/data/shop/.private-clientele.duckdb/clientele.duckdb": Input/output error`),
			"/data/shop/clientele.duckdb: the disk failed (input/output error)"},
		{"spill", errors.New(`IO Error: Could not write file "/data/shop/.spill-4711/duckdb_temp_storage_S32K-0.tmp": No space left on device`), "/data/shop: the disk is full"},
		{"spill of a load", errors.New(`IO Error: Could not write file "/d/.private-clientele.duckdb/spill/duckdb_temp_storage-0.tmp": No space left on device`),
			"/d/clientele.duckdb: the disk is full"},
		{"spill limit", errors.New(`Out of Memory Error: failed to offload data block of size 256.0 KiB (3.0 MiB/3.1 MiB used). This limit was set by the 'max_temp_directory_size' setting.`),
			"the disk has too little room for temporary files"},
		{"sync", fmt.Errorf("checkpoint: %w", errors.New("FATAL Error: fsync failed!")), "the disk failed (input/output error)"},
		{"too little room", fmt.Errorf("private copy: %w", &workspace.SpaceError{Path: "/d/.private-clientele.duckdb/clientele.duckdb", Need: 3 << 30, Free: 1 << 20}),
			"/d/clientele.duckdb: 3.0 GiB needed, 1.0 MiB free on this disk"},
		{"standard output", &fs.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}, "standard output: the disk is full"},
		{"not there", &fs.PathError{Op: "open", Path: "orders.csv", Err: syscall.ENOENT}, ""},
		{"no right", &fs.PathError{Op: "open", Path: "orders.csv", Err: syscall.EACCES}, ""},
		{"a row", errors.New("orders.csv:4: column amount: not a number"), ""},
		{"none", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := StorageFailure(c.err)
			switch {
			case c.want == "" && got != nil, c.want != "" && got == nil:
				t.Fatalf("got %v, want %q", got, c.want)
			case got == nil:
				return
			}
			if got.Error() != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if !errors.Is(got, c.err) {
				t.Error("the error as it came is lost")
			}
			if again := StorageFailure(fmt.Errorf("run: %w", got)); again == nil || again.Error() != c.want {
				t.Errorf("asked again: %v", again)
			}
			if strings.Contains(got.Error(), "/.") {
				t.Errorf("%q names a hidden file", got)
			}
		})
	}
}

func TestLocked(t *testing.T) {
	if !Locked(fmt.Errorf("run: %w", &workspace.HeldError{Path: "clientele.lock", PID: 1})) || Locked(errors.New("locked")) || Locked(nil) {
		t.Error("a held lock is not told from other errors")
	}
}
