package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

func checkSources(sources []Source) *Error {
	first := map[string]int{}
	for i, s := range sources {
		key := fmt.Sprintf("sources[%d]", i)
		if e := s.check(key); e != nil {
			return e
		}
		name := s.Kind + "\x00" + s.Name // orders and their lines may share a source
		if j, taken := first[name]; taken {
			return bad(key+".name", s.Name, fmt.Sprintf("sources[%d] has this name too", j))
		}
		first[name] = i
		for j, other := range sources[:i] {
			if other.Name != s.Name {
				continue
			}
			if e := s.agrees(key, other, fmt.Sprintf("sources[%d]", j)); e != nil {
				return e
			}
		}
	}
	return nil
}

// agrees refuses two entries of one name that give its facts two meanings.
func (s Source) agrees(key string, other Source, where string) *Error {
	for _, p := range []struct{ name, is, was string }{
		{"id_space", s.IDSpace, other.IDSpace}, {"zone", s.Zone, other.Zone},
	} {
		if p.is != p.was {
			return bad(key+"."+p.name, p.is, fmt.Sprintf("%s has the same name and %q here: entries of one name must agree", where, p.was))
		}
	}
	return nil
}

func (s Source) check(key string) *Error {
	if s.Name == "" {
		return &Error{Key: key, Reason: "name is missing"}
	}
	if reason := checkName(s.Name); reason != "" {
		return bad(key+".name", s.Name, reason)
	}
	if s.Kind != "" && s.Kind != Auto && !slices.Contains(Kinds(), s.Kind) {
		return bad(key+".kind", s.Kind, "not one of "+strings.Join(Kinds(), ", ")+", and not auto")
	}
	if e := s.checkPlace(key); e != nil {
		return e
	}
	for _, e := range []*Error{
		checkWord(key+".format", s.Format, append([]string{Auto}, Formats()...)...),
		checkEncoding(key+".encoding", s.Encoding),
		checkDelimiter(key+".delimiter", s.Delimiter),
		checkWord(key+".dates", s.Dates, Auto, "ymd", "dmy", "mdy", "excel"),
		checkWord(key+".decimal", s.Decimal, Auto, ".", ","),
		s.checkAmount(key),
		s.checkSheet(key),
		checkPairs(key+".map", s.Map),
		checkPairs(key+".status", s.Status),
	} {
		if e != nil {
			return e
		}
	}
	if s.Zone != "" {
		if e := checkZone(key+".zone", s.Zone); e != nil {
			return e
		}
	}
	if s.Expand < 0 {
		return bad(key+".expand", fmt.Sprint(int64(s.Expand)), "less than 0")
	}
	return checkSpace(key+".id_space", s.IDSpace)
}

func checkSpace(key, name string) *Error {
	if reason := checkName(name); reason != "" {
		return bad(key, name, reason)
	}
	if name == "email" || name == "phone" {
		return bad(key, name, "this space is of customers known by an address: choose another name")
	}
	return nil
}

// checkAmount allows an empty word, which is auto, so that a Source made in
// code need not name what only some exports need.
func (s Source) checkAmount(key string) *Error {
	if s.Amount == "" || s.Amount == Auto {
		return nil
	}
	if e := checkWord(key+".amount", s.Amount, Auto, "order", "line"); e != nil {
		return e
	}
	if s.Kind != "orders" && s.Kind != "" && s.Kind != Auto {
		return bad(key+".amount", s.Amount, "has a meaning for kind orders only, and this is "+s.Kind)
	}
	return nil
}

func (s Source) checkSheet(key string) *Error {
	if s.Sheet != "" && s.Format != Auto && s.Format != "xlsx" {
		return bad(key+".sheet", s.Sheet, "only a workbook has sheets, and the format is "+s.Format)
	}
	return nil
}

// checkPlace checks where the rows are: files or a database.
func (s Source) checkPlace(key string) *Error {
	if s.Connect != "" {
		return s.checkDatabase(key)
	}
	for _, w := range s.databaseWords() {
		if w.value != "" {
			return bad(key+"."+w.name, w.value, "has a meaning beside connect only")
		}
	}
	if len(s.Path) == 0 {
		return &Error{Key: key, Reason: "path is missing (or connect, for a database)"}
	}
	for i, p := range s.Path {
		if strings.TrimSpace(p) == "" {
			return bad(fmt.Sprintf("%s.path[%d]", key, i), p, "an empty path")
		}
	}
	return nil
}

type setting struct{ name, value string }

func (s Source) databaseWords() []setting {
	return []setting{
		{"table", s.Table}, {"query", s.Query}, {"watermark", s.Watermark},
		{"password_env", s.PasswordEnv}, {"password_file", s.PasswordFile},
	}
}

// fileWords are settings that only files have; auto is no value here.
func (s Source) fileWords() []setting {
	words := []setting{{"sheet", s.Sheet}}
	for _, w := range []setting{{"format", s.Format}, {"encoding", s.Encoding}, {"delimiter", s.Delimiter}} {
		if w.value != Auto {
			words = append(words, w)
		}
	}
	if s.Expand != 0 {
		words = append(words, setting{"expand", s.Expand.String()})
	}
	return words
}

func (s Source) checkDatabase(key string) *Error {
	if len(s.Path) > 0 {
		return &Error{Key: key + ".connect", Reason: "path is set too: a source is files or a database"}
	}
	for _, w := range s.fileWords() {
		if w.value != "" {
			return bad(key+"."+w.name, w.value, "is of files and has no meaning beside connect")
		}
	}
	if e := checkConnect(key+".connect", s.Connect); e != nil {
		return e
	}
	if s.Table == "" && s.Query == "" {
		return &Error{Key: key, Reason: "table is missing (or query)"}
	}
	if s.Table != "" && s.Query != "" {
		return &Error{Key: key + ".query", Reason: "table is set too: one of the two"}
	}
	for _, w := range s.databaseWords() {
		if w.value != "" && strings.TrimSpace(w.value) == "" {
			return bad(key+"."+w.name, w.value, "blank")
		}
	}
	if s.PasswordEnv != "" && !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`).MatchString(s.PasswordEnv) { // perhaps the password itself: it is not shown
		return &Error{Key: key + ".password_env", Reason: "is not the name of a variable of the environment: letters, digits and _"}
	}
	if s.PasswordEnv != "" && s.PasswordFile != "" {
		return &Error{Key: key + ".password_file", Reason: "password_env is set too: one of the two"}
	}
	return nil
}

// checkConnect never shows the value, which may hold a password.
func checkConnect(key, connect string) *Error {
	if hasPassword(connect) {
		return &Error{Key: key, Reason: "has a password in it: take it out and name password_env or password_file"}
	}
	scheme, rest, found := strings.Cut(connect, ":")
	if !found || strings.Trim(rest, "/") == "" {
		scheme = ""
	}
	switch scheme {
	case "sqlite":
		return nil
	case "postgres", "postgresql", "mysql", "mariadb":
		if at, err := url.Parse(connect); err == nil && (at.Host != "" || at.Query().Has("host") || at.Query().Has("socket")) {
			return nil
		}
	}
	return &Error{Key: key, Reason: "not postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:FILE"}
}

// hasPassword finds a password in every place where drivers look for one:
// USER:PASSWORD@ and password=, in whatever form the rest is.
func hasPassword(connect string) bool {
	if strings.HasPrefix(connect, "sqlite:") {
		return false
	}
	inside := regexp.MustCompile(`(?i)(^|[^a-z])(ssl)?(password|passwd|pwd)\s*=`)
	if inside.MatchString(connect) {
		return true
	}
	_, rest, found := strings.Cut(connect, "://")
	if !found {
		rest = connect
	}
	end := strings.LastIndexByte(rest, '@') // a password may hold @ and / itself
	return end >= 0 && strings.Contains(rest[:end], ":")
}

// checkName keeps names fit for space:id, folder names and command lines.
func checkName(name string) string {
	if utf8.RuneCountInString(name) > 64 {
		return "longer than 64 characters"
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' && r != '.' {
			return "a name is letters, digits, _ - and ."
		}
	}
	return ""
}

func checkDelimiter(key, word string) *Error {
	if word == Auto {
		return nil
	}
	if r, n := utf8.DecodeRuneInString(word); n != len(word) || n != 1 || r == '"' || r == '\n' || r == '\r' || unicode.IsLetter(r) || unicode.IsDigit(r) {
		return bad(key, word, "not auto, tab, or one character such as , ; |")
	}
	return nil
}

func checkEncoding(key, word string) *Error {
	if slices.Contains(Encodings(), strings.ReplaceAll(strings.ToLower(word), "_", "-")) {
		return nil
	}
	return checkWord(key, word, append([]string{Auto}, Encodings()...)...)
}

func checkPairs(key string, pairs map[string]string) *Error {
	names := make([]string, 0, len(pairs))
	for name := range pairs {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if strings.TrimSpace(name) == "" || strings.TrimSpace(pairs[name]) == "" {
			return bad(key+"."+name, pairs[name], "both sides of the colon need a word")
		}
	}
	return nil
}
