// Package list keeps target lists: who is to be contacted for a campaign, who is
// kept back as its control group, and who fell out on the way and why. A list is
// cut once and never changes; it lies in a folder of the workspace,
//
//	lists/2026-05-31-1/manifest.json     how it was cut: see Manifest
//	lists/2026-05-31-1/manifest.sha256   of that, as sha256sum writes and reads it
//	lists/2026-05-31-1/members.parquet   list_id, customer_id, member, arm, rank, value, stratum
//	lists/2026-05-31-1/removed.parquet   customer_id, step, reason
//	lists/2026-05-31-1/cancelled.json    only where somebody cancelled it
//
// that is written under a hidden name, made durable and renamed: it is there whole
// or not at all. No direct identifier lies in it.
//
// Who changes lists holds the lock of the workspace; reading needs none.
package list

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Names within the folder of lists.
const (
	ManifestName  = "manifest.json"
	HashName      = "manifest.sha256" // lists of earlier versions have none
	MembersName   = "members.parquet"
	RemovedName   = "removed.parquet"
	CancelledName = "cancelled.json"
)

// The arm of a control group. Any other name is a treatment.
const (
	Control = "control"
	Treated = "treated" // what a treatment is called that nobody named
)

// Manifest is how a list was cut: with the store, the run and the files that it
// names, the same settings give the same list.
type Manifest struct {
	Format  int    `json:"format"` // of this file: 1
	ID      string `json:"list_id"`
	Program string `json:"program"` // version of the program

	ConfigHash string `json:"config_hash"`      // SHA-256 of the settings that influence scores, hex
	CutAt      string `json:"cut_at,omitempty"` // RFC 3339: when, which is noted and changes nothing

	AsOf     string `json:"as_of"`     // of the run, YYYY-MM-DD
	On       string `json:"on"`        // the day from which the list counts, YYYY-MM-DD
	OnGiven  bool   `json:"on_given"`  // somebody chose that day; else it is the day after AsOf
	RunHash  string `json:"run_hash"`  // SHA-256 of the run's manifest, hex
	Segment  string `json:"segment"`   // name; empty where a rule alone says who
	Scheme   string `json:"scheme"`    // of the segment
	Rule     string `json:"rule"`      // in the language of segments; may be empty
	Channel  string `json:"channel"`   // email, sms, phone or post
	Campaign string `json:"campaign"`  // campaign_id; may be empty
	Arm      string `json:"arm"`       // name of the treatment
	Seed     string `json:"seed"`      // what arms are drawn by, besides key and customer_id
	KeyPrint string `json:"key_print"` // fingerprint of the workspace's key

	Rank           string   `json:"rank"`                       // value, risk, or a column of scores; a minus in front: the smallest first
	Limit          int64    `json:"limit"`                      // treated at most; 0: no limit
	Budget         string   `json:"budget,omitempty"`           // what may be spent, as it was written
	CostPerContact string   `json:"cost_per_contact,omitempty"` // what one contact costs, as it was written
	Share          float64  `json:"share"`                      // of the control group
	Stratified     []string `json:"stratified"`                 // columns within each value of which that share holds

	Rules    Rules          `json:"rules"`    // what every list keeps to, as it was configured
	Suppress []SuppressFile `json:"suppress"` // the suppression files
	Replaces string         `json:"replaces,omitempty"`

	Steps   []Step `json:"steps"` // the waterfall
	Treated int64  `json:"treated"`
	Kept    int64  `json:"kept_back"`      // customers in the control group
	Held    *Held  `json:"held,omitempty"` // nil without a universal control group
	Power   *Power `json:"power"`          // nil without a control group
	Notes   []Note `json:"notes"`
	Files   []File `json:"files"`
}

// Held is whom the universal control group took of those who got as far as it. It is
// more than its share of them where ids were merged or addresses are shared.
type Held struct {
	Looked int64 `json:"looked_at"`
	Own    int64 `json:"own"`    // drawn by the id that they have
	Former int64 `json:"former"` // held out by an earlier list, under an id that was merged since
	Shared int64 `json:"shared"` // have the address of somebody in the group
}

// All is how many were taken.
func (h Held) All() int64 { return h.Own + h.Former + h.Shared }

// Rules are what the configuration says of every list.
type Rules struct {
	Consent   string   `json:"consent"`
	Complaint int      `json:"complaint_days"`
	Caps      []Cap    `json:"caps"`
	Exclude   []string `json:"exclude"`
	Universal float64  `json:"universal"`
}

// Cap bounds how often one customer is contacted.
type Cap struct {
	Contacts int    `json:"contacts"`
	Days     int    `json:"days"`
	Channel  string `json:"channel,omitempty"` // empty: all channels together
}

// SuppressFile is what became of one suppression file.
type SuppressFile struct {
	Path       string `json:"path"` // as it is configured
	SHA256     string `json:"sha256"`
	Entries    int    `json:"entries"`
	Matched    int    `json:"matched"`    // entries that name somebody in the store
	Unreadable int    `json:"unreadable"` // lines
}

// Where a base rate is from, the best first.
const (
	BaseEarlier = "earlier_run" // what the same segment did after an earlier run
	BaseModel   = "model"       // what the run's purchase model expects
	BaseBefore  = "before"      // what the list did before the run; so are those without a source
)

// Power says what the campaign will be able to show.
type Power struct {
	Window   int     `json:"window_days"`    // of the base rate and of the campaign's reading
	Base     float64 `json:"base_rate"`      // share of customers who order within so many days though nobody contacts them
	Source   string  `json:"base_source"`    // BaseEarlier, BaseModel or BaseBefore
	Day      string  `json:"base_as_of"`     // of the run after which, by which or before which
	Of       int64   `json:"base_customers"` // whose rate it is
	Buyers   int64   `json:"buyers"`         // of those; none are counted of a model
	Smallest float64 `json:"smallest"`       // difference of rates found with 80 % power at 5 %; 0 where no difference would be
	Ten      float64 `json:"power_10"`       // power for a lift of 10 % of the base rate
	Twenty   float64 `json:"power_20"`       // and of 20 %
}

// Note is one remark, in a sentence of each language.
type Note struct {
	Code string `json:"code"`
	En   string `json:"en"`
	Zh   string `json:"zh"`
}

// File is one file of a list.
type File struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex
}

// Cancellation says that a list does not count.
type Cancellation struct {
	Reason string `json:"reason"`
	At     string `json:"at,omitempty"` // RFC 3339
}

// List is a list that was cut.
type List struct {
	Manifest
	Dir       string        // its folder
	Cancelled *Cancellation // nil: it counts
}

// File is the path of one of its files.
func (l List) File(name string) string { return filepath.Join(l.Dir, name) }

// All returns the lists in a folder, by as-of date and number; none when the folder
// is not there. A list that cannot be read is an error that names it.
func All(dir string) ([]List, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("lists: %w", err)
	}
	var out []List
	for _, e := range entries {
		if _, _, ok := parseID(e.Name()); !ok || !e.IsDir() {
			continue
		}
		l, err := read(filepath.Join(dir, e.Name()), e.Name())
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b List) int { return compareID(a.ID, b.ID) })
	replaced(out)
	return out, nil
}

// replaced marks the lists that others stand for: that a list replaces another one
// is said in the new one alone, so both take effect at one instant.
func replaced(lists []List) {
	for _, by := range lists {
		for i := range lists {
			if l := &lists[i]; l.ID == by.Replaces && l.Cancelled == nil {
				l.Cancelled = &Cancellation{Reason: "replaced by " + by.ID}
			}
		}
	}
}

// NotFoundError says that there is no list of an id.
type NotFoundError struct{ ID string }

// Error names the id and says where ids are listed.
func (e *NotFoundError) Error() string {
	return fmt.Sprintf("there is no list %q: clientele list shows them", e.ID)
}

// Open returns the list of an id in a folder of lists, or a *NotFoundError.
func Open(dir, id string) (List, error) {
	lists, err := All(dir)
	if err != nil {
		return List{}, err
	}
	i := slices.IndexFunc(lists, func(l List) bool { return l.ID == id })
	if i < 0 {
		return List{}, &NotFoundError{id}
	}
	return lists[i], nil
}

// OpenFolder reads the list in a folder, looking at no other list: whether another one
// replaces it is not known. What is damaged is a *ChangedError where a file is to blame.
func OpenFolder(dir string) (List, error) { return read(dir, filepath.Base(dir)) }

// ChangedError says that a file of a list is not as it was written.
type ChangedError struct{ Path string }

// Error names the file.
func (e *ChangedError) Error() string { return e.Path + ": not as it was written" }

// read reads the list in a folder.
func read(dir, id string) (List, error) {
	l := List{Dir: dir}
	err := checkManifest(dir)
	if err == nil {
		err = readJSON(filepath.Join(dir, ManifestName), &l.Manifest)
	}
	if err != nil {
		return l, fmt.Errorf("list %s is damaged: %w; restore its folder from a backup, or move it away", id, err)
	}
	if l.Format != 1 || l.ID != id {
		return l, fmt.Errorf("list %s is damaged: %s is not a manifest of this list that this program knows", id, ManifestName)
	}
	var c Cancellation
	err = readJSON(filepath.Join(dir, CancelledName), &c)
	if err == nil {
		l.Cancelled = &c
	} else if !errors.Is(err, fs.ErrNotExist) {
		return l, fmt.Errorf("list %s is damaged: %w", id, err)
	}
	return l, nil
}

// checkManifest compares the manifest in a folder with the hash beside it.
func checkManifest(dir string) error {
	want, err := os.ReadFile(filepath.Join(dir, HashName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err == nil && string(want) != hashLine(text) {
		err = &ChangedError{filepath.Join(dir, ManifestName)}
	}
	return err
}

// hashLine is what HashName holds for the text of a manifest.
func hashLine(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]) + "  " + ManifestName + "\n"
}

func readJSON(path string, v any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return &ChangedError{path}
	}
	return nil
}

// Cancel says of a list that it does not count any more. Its folder stays. at is
// only noted. A list that is cancelled already is an error.
func Cancel(l List, reason string, at time.Time) error {
	if l.Cancelled != nil {
		return fmt.Errorf("list %s is cancelled already: %s", l.ID, l.Cancelled.Reason)
	}
	text, err := jsonText(Cancellation{Reason: reason, At: at.UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	fresh := l.File("." + CancelledName)
	if err := writeSynced(fresh, text); err != nil {
		return err
	}
	if err := os.Rename(fresh, l.File(CancelledName)); err != nil {
		return err
	}
	return syncFolder(l.Dir)
}

func jsonText(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.Bytes(), err
}

// parseID takes an id apart: 2026-05-31-12 is the twelfth list of that day.
func parseID(id string) (asOf string, number int, ok bool) {
	i := strings.LastIndexByte(id, '-')
	if i < 0 {
		return "", 0, false
	}
	number, err := strconv.Atoi(id[i+1:])
	if err != nil || number < 1 || strconv.Itoa(number) != id[i+1:] {
		return "", 0, false
	}
	_, err = time.Parse(time.DateOnly, id[:i])
	return id[:i], number, err == nil
}

// compareID orders ids by day, then by number.
func compareID(a, b string) int {
	dayA, numberA, _ := parseID(a)
	dayB, numberB, _ := parseID(b)
	if c := strings.Compare(dayA, dayB); c != 0 {
		return c
	}
	return numberA - numberB
}
