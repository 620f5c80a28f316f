package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// RemoveRuns takes away the runs of some dates (YYYY-MM-DD), in the order given.
// Of each, the link goes first, at one instant and durably: a kill in between
// leaves runs that are whole or gone. Their folders stay for Grace, for who is
// reading them. The current run is refused; a date without a run is none.
func (l *Lock) RemoveRuns(dates []string) error {
	if len(dates) == 0 {
		return nil
	}
	if err := l.removeRuns(dates); err != nil {
		return fmt.Errorf("remove runs: %w", err)
	}
	return nil
}

func (l *Lock) removeRuns(dates []string) error {
	current, err := os.Readlink(filepath.Join(l.exports(), CurrentName))
	if err != nil {
		return err
	}
	for _, date := range dates {
		if !isDate(date) {
			return fmt.Errorf("%q is not a date such as 2024-12-31", date)
		}
		link := filepath.Join(l.exports(), runPrefix+date)
		if filepath.Base(link) == filepath.Base(current) {
			return fmt.Errorf("%s is the current run", link)
		}
		if err := refuseNonLink(link); err != nil {
			return err
		}
		if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := syncFolder(l.exports()); err != nil {
		return err
	}
	return l.tidyRuns()
}
