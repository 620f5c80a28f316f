package ingest

import (
	"strconv"
	"strings"
)

// advice says how to say something of a file: with flags of the command that was
// given it, or with settings of its source in clientele.yaml.
type advice bool

const (
	byFlags    advice = false
	bySettings advice = true
)

func (opt Options) advice() advice { return advice(opt.Configured) }

// set is the one or the other for a setting.
func (a advice) set(name, value string) string {
	if a == bySettings {
		return name + ": " + yamlWord(value)
	}
	return "--" + name + " " + value
}

// mapped is the same for the columns of targets.
func (a advice) mapped(column string, targets ...string) string {
	if a == bySettings {
		column = yamlWord(column)
		return "map: {" + strings.Join(targets, ": "+column+", ") + ": " + column + "}"
	}
	return "--map " + strings.Join(targets, "="+column+",") + "=" + column
}

// yamlWord is a word in YAML: signs need quotes.
func yamlWord(s string) string {
	if strings.ContainsAny(s, "-.,") {
		return strconv.Quote(s)
	}
	return s
}

// where is where that is to be said, after a blank; nothing where it is a flag.
func (a advice) where() string {
	if a == bySettings {
		return " in clientele.yaml"
	}
	return ""
}

// MapAdvice says how to name the column from which a target is read: a flag, or a
// setting of the file's source.
func (f *File) MapAdvice(target, column string) string {
	a := f.opt.advice()
	return a.mapped(column, target) + a.where()
}
