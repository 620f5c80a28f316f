package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"clientele/engine/config"
)

func newInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a commented clientele.yaml",
		Long: `Write a clientele.yaml that states every setting and its default. An existing one is never
overwritten. Nothing else is needed: clientele works without the file, with the same defaults.`,
		Example: `  clientele init shop`,
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, list []string) error {
			dir := a.dir
			if len(list) == 1 {
				dir = list[0]
			}
			if err := os.MkdirAll(dir, 0o777); err != nil {
				if at := (*fs.PathError)(nil); errors.As(err, &at) {
					err = fmt.Errorf("%s: %w", at.Path, at.Err)
				}
				return err
			}
			path := filepath.Join(dir, "clientele.yaml")
			f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s exists already: it is left as it is", path)
			}
			if err != nil {
				return err
			}
			if _, err := f.WriteString(config.Template()); err != nil {
				f.Close()
				return err
			}
			if err := f.Close(); err != nil {
				return err
			}
			fmt.Fprintln(a.out, path)
			a.remark("next: name your files under sources, then clientele run; or load files with clientele ingest")
			return nil
		},
	}
}
