package exports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Cents is money in hundredths. JSON has it as text with two decimals: "1234.50".
type Cents int64

// String writes 1234.50.
func (c Cents) String() string {
	sign := ""
	if c < 0 {
		sign, c = "-", -c
	}
	return fmt.Sprintf("%s%d.%02d", sign, c/100, c%100)
}

// MarshalText writes 1234.50.
func (c Cents) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (c *Cents) UnmarshalText(b []byte) error {
	whole, frac, ok := strings.Cut(string(b), ".")
	if !ok || len(frac) != 2 {
		return fmt.Errorf("%q is no amount with two decimals", b)
	}
	n, err := strconv.ParseInt(whole+frac, 10, 64)
	*c = Cents(n)
	return err
}

// Units is the amount in units of 1/10,000, as columns of money hold it.
func (c Cents) Units() int64 { return int64(c) * 100 }

// Truth says what the files hold. It is what truth.json has.
type Truth struct {
	Files []File `json:"files"` // in the order of Platforms; those of Data come before the Variants of a platform
	// Customers is how many different people the files of Data let one know, when
	// records that share an e-mail address, a telephone number or an id of one
	// platform are one person.
	Customers int `json:"customers"`
	// Shared are the people of Data who are in more than one file.
	Shared []Shared `json:"shared"`
}

// Shared is a person whom several files tell of.
type Shared struct {
	Keys  []string `json:"keys"`  // email:..., phone:+..., taobao:... and so on
	Files []string `json:"files"` // paths
}

// File says what one file holds and what loading it by itself should give.
//
// Money of orders follows the definition of net: what the customer pays for
// goods after discounts, without tax and shipping, before refunds. The comments
// of the writers say which columns make it.
type File struct {
	Path      string `json:"path"` // below the folder, with slashes
	Platform  string `json:"platform"`
	Kind      string `json:"kind"`      // what it is loaded as: orders, order-lines, customers ...
	Variant   string `json:"variant"`   // what is special about it, "" for the usual form
	Format    string `json:"format"`    // csv, jsonl, json
	Encoding  string `json:"encoding"`  // utf-8, utf-8-bom, gb18030
	Delimiter string `json:"delimiter"` // "," or a TAB; "" for JSON
	Rows      int    `json:"rows"`      // records without the header: what is read

	// Refused is what the error says of a file that must be refused whole, "" for
	// others. What follows is then of the rows that are not at fault.
	Refused string `json:"refused"`
	// Duplicates are rows that repeat an earlier one; Rejected are rows that
	// nothing can be made of, for the reason that Why gives.
	Duplicates int    `json:"duplicates"`
	Rejected   int    `json:"rejected"`
	Why        string `json:"why"`

	Currency string `json:"currency"` // of the amounts below, "" where there are none
	Orders   int    `json:"orders"`   // different ones in rows that can be loaded, counted or not
	// Counted orders were paid: also those that were given back, and those
	// cancelled with a date (a refund of the whole on that day). Unpaid ones, and
	// cancelled ones without a date, never count.
	Counted int   `json:"counted"`
	Net     Cents `json:"net"` // of counted orders
	// Refunds are the counted orders of which something went back, a lost dispute
	// among them. Refunded is what the file says went back, postage and tax
	// included where the platform includes them; RefundedGoods is at most the net
	// of each order. An order that was cancelled on a day, or whose status alone
	// says that it went back, goes back with its net.
	Refunds       int            `json:"refunds"`
	Refunded      Cents          `json:"refunded"`
	RefundedGoods Cents          `json:"refunded_goods"`
	Lines         int            `json:"lines"`     // order lines of all orders, 0 where the file tells of none
	Customers     int            `json:"customers"` // different people, as Truth.Customers, of this file alone
	Nobody        int            `json:"nobody"`    // orders, or rows of other kinds, that name nobody
	Statuses      map[string]int `json:"statuses"`  // orders by the platform's word; of messages: rows by event

	keys [][]string // of each record that names somebody
}

// document is a file before it is written.
type document struct {
	File
	bytes []byte
}

// truthOf sums up documents.
func truthOf(docs []*document) Truth {
	var t Truth
	all := newUnion()
	files := map[string][]string{} // by key: paths in Data
	for _, d := range docs {
		own := newUnion()
		for _, keys := range d.keys {
			own.join(keys)
		}
		d.Customers = own.groups()
		t.Files = append(t.Files, d.File)
		if !strings.HasPrefix(d.Path, Data+"/") {
			continue
		}
		for _, keys := range d.keys {
			all.join(keys)
			for _, k := range keys {
				if !slices.Contains(files[k], d.Path) {
					files[k] = append(files[k], d.Path)
				}
			}
		}
	}
	t.Customers = all.groups()
	for _, keys := range all.members() {
		var in []string
		for _, k := range keys {
			in = append(in, files[k]...)
		}
		slices.Sort(in)
		if in = slices.Compact(in); len(in) > 1 {
			t.Shared = append(t.Shared, Shared{Keys: keys, Files: in})
		}
	}
	slices.SortFunc(t.Shared, func(a, b Shared) int { return cmp.Compare(a.Keys[0], b.Keys[0]) })
	return t
}

// ReadTruth reads a truth.json.
func ReadTruth(text []byte) (Truth, error) {
	var t Truth
	err := json.Unmarshal(text, &t)
	return t, err
}

// union finds which keys belong to one person.
type union struct{ parent map[string]string }

func newUnion() *union { return &union{map[string]string{}} }

func (u *union) root(key string) string {
	p, ok := u.parent[key]
	if !ok {
		u.parent[key] = key
		return key
	}
	if p == key {
		return key
	}
	r := u.root(p)
	u.parent[key] = r
	return r
}

func (u *union) join(keys []string) {
	for _, k := range keys {
		a, b := u.root(keys[0]), u.root(k)
		u.parent[max(a, b)] = min(a, b)
	}
}

func (u *union) groups() int { return len(u.members()) }

// members are the keys of each person, sorted.
func (u *union) members() [][]string {
	by := map[string][]string{}
	for k := range u.parent {
		r := u.root(k)
		by[r] = append(by[r], k)
	}
	var all [][]string
	for _, keys := range by {
		slices.Sort(keys)
		all = append(all, keys)
	}
	slices.SortFunc(all, func(a, b []string) int { return cmp.Compare(a[0], b[0]) })
	return all
}
