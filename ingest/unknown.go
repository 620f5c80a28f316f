package ingest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// UnknownStatus is the error of a file with words for the state of orders that no
// table knows: what counts as a sale is not ours to guess.
type UnknownStatus struct {
	Column string           // header of the column
	Words  map[string]int64 // word, as the file has it: rows
	Rows   int64            // with such a word
	say    advice           // how to say which column it is
	Many   bool             // there are more different words than Words holds
}

const (
	likelyNoStatus = 20   // different words of which a shop hardly has more
	maxUnknown     = 1000 // different words that are counted

	toChoose = "CHOOSE" // no status: what was pasted and not thought about is refused
)

// Error lists the words and shows how to say what they mean.
func (e *UnknownStatus) Error() string {
	words := slices.Sorted(maps.Keys(e.Words))
	if len(words) > likelyNoStatus {
		least := ""
		if e.Many {
			least = "more than "
		}
		return fmt.Sprintf("column %q has %s%d different words that are no status, %s among them: it is likely none; name another column with %s, or none with %s",
			e.Column, least, len(words), quoted(shorten(words[:3])), e.say.mapped("COLUMN", "status"), e.say.mapped("-", "status")+e.say.where())
	}
	var counts, yaml, flag []string
	for i, w := range shorten(words) {
		rows := "rows"
		if e.Words[words[i]] == 1 {
			rows = "row"
		}
		counts = append(counts, fmt.Sprintf("%q (%d %s)", w, e.Words[words[i]], rows))
		yaml = append(yaml, fmt.Sprintf("%q: %s", w, toChoose))
		flag = append(flag, w+"="+toChoose)
	}
	return fmt.Sprintf("column %q has words for the state of an order that are not known: %s; say what each means, one of %s in the place of %s: in clientele.yaml, status: {%s}, or with --status '%s'",
		e.Column, strings.Join(counts, ", "), strings.Join(Statuses(), ", "), toChoose, strings.Join(yaml, ", "), strings.Join(flag, ","))
}

// shorten cuts words to what fits a line.
func shorten(words []string) []string {
	out := slices.Clone(words)
	for i, w := range out {
		if r := []rune(w); len(r) > 60 {
			out[i] = string(r[:60]) + "…"
		}
	}
	return out
}

// unknownWords collects such words from several goroutines.
type unknownWords struct {
	mu    sync.Mutex
	found UnknownStatus
}

// add adds what one worker counted in one block.
func (u *unknownWords) add(column string, words map[string]int64) {
	if len(words) == 0 {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	e := &u.found
	e.Column = column
	if e.Words == nil {
		e.Words = map[string]int64{}
	}
	for w, n := range words {
		e.Rows += n
		if _, ok := e.Words[w]; !ok && len(e.Words) == maxUnknown {
			e.Many = true
			continue
		}
		e.Words[w] += n
	}
}

// err is nil when every word was known.
func (u *unknownWords) err() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.found.Rows == 0 {
		return nil
	}
	e := u.found
	return &e
}
