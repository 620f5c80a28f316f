package main

import (
	"cmp"
	"errors"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/table"
)

func newVerify(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Compare store, runs and lists with what they were when they were published",
		Long: `Read the store, every run and every target list whole, and compare them with the hashes that
were recorded when they were published: the store with clientele.duckdb.sha256 (XXH3-128; SHA-256 of
earlier versions), the files of a run or a list with its manifest (SHA-256), the key with what the
store knows of it.

One row for each of them, and one for each file that differs, is missing or cannot be read, with
the hash that is expected and the one that was found. Exit status 1 when there is any. Nothing is
changed, no lock is taken, and it may run beside everything else. "not compared" is the key where
the store cannot say what it was.

Other commands compare what they use by themselves: a run the store and what it takes from earlier
runs; target, export and report every file that they take; what else shows figures of a run (show,
segment, query, campaign, models) the sizes of its files, and the bytes of the latest 256 MiB.`,
		Example: `  clientele verify
  clientele -C /data/shop verify --format json`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			verified, err := e.Verify(cmd.Context())
			if err != nil && !errors.As(err, new(*engine.DamagedError)) {
				return err
			}
			return cmp.Or(a.rows(verifiedTable(verified)), err)
		},
	}
}

// verifiedTable is one row for each thing that was compared.
func verifiedTable(verified []engine.Verified) *table.Table {
	t := newRows("part", "path", "state", "expected", "found")
	files := table.NewColumn(table.Field{Name: "files", Kind: table.Int}, len(verified))
	size := table.NewColumn(table.Field{Name: "bytes", Kind: table.Int}, len(verified))
	for i, v := range verified {
		t.add(v.Part, v.Path, v.State, v.Expected, v.Found)
		files.Ints[i], size.Ints[i] = int64(v.Files), v.Bytes
	}
	c := t.table().Columns()
	return table.New(c[0], c[1], files, size, c[2], c[3], c[4])
}
