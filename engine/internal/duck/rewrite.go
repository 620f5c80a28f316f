package duck

import (
	"context"
	"errors"
)

// Unused checkpoints the attached store and says how many bytes of its file hold
// nothing, and how many the file has. DuckDB uses them for what is stored later, and
// gives back only those at the end of the file.
func (d *DB) Unused(ctx context.Context) (unused, size int64, err error) {
	if err := d.Exec(ctx, "CHECKPOINT "+Catalog); err != nil {
		return 0, 0, err
	}
	err = d.Row(ctx, []any{&unused, &size}, "SELECT free_blocks * block_size, total_blocks * block_size FROM pragma_database_size() WHERE database_name = $name", Catalog)
	return unused, size, err
}

// Rewrite writes what the sealed store at path holds into a new file, which has no
// unused space. The connection has no store afterwards.
func (d *DB) Rewrite(ctx context.Context, path, fresh string) (err error) {
	if d.attached {
		return errors.New("duck: rewrite of a store that is attached")
	}
	const worn = "worn"
	if err := d.Exec(ctx, "ATTACH "+Literal(path)+" AS "+worn+" (READ_ONLY)"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Exec(context.WithoutCancel(ctx), "DETACH "+worn)) }()
	if err := d.attach(ctx, fresh); err != nil {
		return err
	}
	if err := d.Exec(ctx, "COPY FROM DATABASE "+worn+" TO "+Catalog); err != nil {
		return err
	}
	return d.Seal(ctx)
}
