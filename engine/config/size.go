package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is an amount of memory or of data in bytes; 0 is auto.
type Size int64

// sizeUnits are the suffixes of a size, longest first where one ends another.
func sizeUnits() []struct {
	name  string
	bytes float64
} {
	return []struct {
		name  string
		bytes float64
	}{
		{"KIB", 1 << 10}, {"MIB", 1 << 20}, {"GIB", 1 << 30}, {"TIB", 1 << 40},
		{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	}
}

// ParseSize reads 4GiB, 512MiB, 2.5GB or auto. A bare number is refused, since
// nobody writes a limit in bytes. The least is 1KiB.
func ParseSize(text string) (Size, error) {
	word := strings.ToUpper(strings.TrimSpace(text))
	if word == "AUTO" {
		return 0, nil
	}
	for _, unit := range sizeUnits() {
		number, found := strings.CutSuffix(word, unit.name)
		if !found {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(v) || v*unit.bytes >= math.MaxInt64 {
			break
		}
		if v*unit.bytes < 1<<10 {
			return 0, fmt.Errorf("too little: the least is 1KiB")
		}
		return Size(math.Round(v * unit.bytes)), nil
	}
	return 0, fmt.Errorf("not a size such as 4GiB or 512MiB, and not auto")
}

// String is the size as ParseSize reads it.
func (s Size) String() string {
	if s == 0 {
		return Auto
	}
	for _, unit := range []struct {
		name  string
		bytes Size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s%unit.bytes == 0 {
			return fmt.Sprintf("%d%s", s/unit.bytes, unit.name)
		}
	}
	return strconv.FormatFloat(float64(s)/1e6, 'f', -1, 64) + "MB"
}
