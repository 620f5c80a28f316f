package contactfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"clientele/engine/table"
)

func texts(name string, values ...string) *table.Column {
	c := table.NewColumn(table.Field{Name: name, Kind: table.Text}, 0)
	for _, v := range values {
		c.Texts.AppendString(v)
		c.Null = append(c.Null, v == "")
	}
	return c
}

// sample is three customers with what makes trouble in spreadsheets.
func sample() *table.Table {
	revenue := table.NewColumn(table.Field{Name: "net_revenue", Kind: table.Float}, 3)
	copy(revenue.Floats, []float64{-12.5, math.NaN(), math.Inf(1)})
	born := table.NewColumn(table.Field{Name: "birth_date", Kind: table.Date}, 3)
	copy(born.Dates, []int32{7377, 0, -25_600}) // 1990-03-14, 1970-01-01, 1899-11-29
	born.Null = []bool{false, true, false}
	orders := table.NewColumn(table.Field{Name: "orders", Kind: table.Int}, 3)
	copy(orders.Ints, []int64{3, 0, 12})
	stage := &table.Column{Field: table.Field{Name: "lifecycle_stage", Kind: table.Category, Labels: []string{"active"}}, Codes: []int32{0, -1, 0}}
	return table.New(
		texts("customer_id", "0012", "-5", `=1+1`),
		texts("name", "王小明", "Ada King Lovelace", `@cmd "x", y`),
		texts("email", "a@b.c", "", "+x@y.z"),
		texts("phone", "+8613800138001", "+442071838750", ""),
		texts("address", "西湖路 1 号", "", " \ttab"),
		revenue, born, orders, stage,
	)
}

func written(t *testing.T, opt Options, tables ...*table.Table) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := New(&b, opt)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, in := range tables {
		n += in.Rows()
		if err := w.Write(in); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Rows() != int64(n) {
		t.Errorf("%d rows, want %d", w.Rows(), n)
	}
	if w.Close() == nil {
		t.Error("closed twice")
	}
	return b.Bytes()
}

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name string
		opt  Options
		want []string
	}{
		{"csv", Options{Layout: "csv", Channel: "email", Columns: []string{"customer_id", "name", "email", "phone", "net_revenue", "birth_date", "orders", "lifecycle_stage"}}, []string{
			"\ufeffCustomer ID,Name,Email,Phone,Net revenue,Birth date,Orders,Lifecycle stage",
			`"=""0012""",王小明,a@b.c,"=""+8613800138001""",-12.5,1990-03-14,3,active`,
			`"=""-5""",Ada King Lovelace,,"=""+442071838750""",,,0,`,
			`'=1+1,"'@cmd ""x"", y",'+x@y.z,,,1899-11-29,12,active`,
		}},
		{"csv in Chinese", Options{Layout: "csv", Channel: "sms", Lang: "zh", Columns: []string{"customer_id", "phone", "address"}}, []string{
			"\ufeff客户编号,手机号,地址", `"=""0012""","=""+8613800138001""",西湖路 1 号`, `"=""-5""","=""+442071838750""",`, "'=1+1,,\" \ttab\"",
		}},
		{"plain", Options{Layout: "plain", Channel: "sms", Lang: "zh", Columns: []string{"customer_id", "phone", "address"}}, []string{
			"customer_id,phone,address", "0012,+8613800138001,西湖路 1 号", "-5,+442071838750,", "'=1+1,,\" \ttab\"",
		}},
		{"mailchimp", Options{Layout: "mailchimp", Channel: "email", Columns: []string{"name", "email", "birth_date", "orders"}}, []string{
			"Email Address,First Name,Last Name,Birthday,Orders", "a@b.c,小明,王,03/14,3", ",Ada King,Lovelace,,0", `'+x@y.z,"'@cmd ""x"",",y,11/29,12`,
		}},
		{"mailchimp for sms", Options{Layout: "mailchimp", Channel: "sms", Columns: []string{"phone"}}, []string{"SMS Phone Number", "+8613800138001", "+442071838750", ""}},
		{"klaviyo", Options{Layout: "klaviyo", Channel: "sms", Columns: []string{"last_name", "phone", "email"}}, []string{
			"Phone Number,Last Name,Email", "+8613800138001,王,a@b.c", "+442071838750,Lovelace,", ",y,'+x@y.z",
		}},
		{"sendgrid", Options{Layout: "sendgrid", Channel: "email", Columns: []string{"email", "customer_id", "lifecycle_stage"}}, []string{
			"email,external_id,lifecycle_stage", "a@b.c,0012,active", ",-5,", "'+x@y.z,'=1+1,active",
		}},
		{"sms", Options{Layout: "sms", Channel: "sms", Columns: []string{"phone"}}, []string{"+8613800138001", "+442071838750", ""}},
		{"sms with a name", Options{Layout: "sms", Channel: "phone", Lang: "zh", Columns: []string{"name", "phone"}}, []string{
			"手机号,姓名", "+8613800138001,王小明", "+442071838750,Ada King Lovelace", `,"'@cmd ""x"", y"`,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := string(written(t, c.opt, sample()))
			if want := strings.Join(c.want, "\r\n") + "\r\n"; got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

func TestXLSX(t *testing.T) {
	opt := Options{Layout: "xlsx", Channel: "email", Lang: "zh", Columns: []string{"customer_id", "name", "phone", "net_revenue", "birth_date", "orders"}, TempDir: t.TempDir()}
	data := written(t, opt, sample())
	if !bytes.Equal(data, written(t, opt, sample())) {
		t.Error("two files differ")
	}
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows("名单")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"客户编号", "姓名", "手机号", "净消费额", "出生日期", "订单数"},
		{"0012", "王小明", "+8613800138001", "-12.5", "1990-03-14", "3"},
		{"-5", "Ada King Lovelace", "+442071838750", "", "", "0"},
		{"=1+1", `@cmd "x", y`, "", "", "1899-11-29", "12"},
	}
	if fmt.Sprintf("%q", rows) != fmt.Sprintf("%q", want) {
		t.Errorf("got  %q\nwant %q", rows, want)
	}
	for cell, kind := range map[string]excelize.CellType{"A2": excelize.CellTypeInlineString, "C2": excelize.CellTypeInlineString, "A4": excelize.CellTypeInlineString, "D2": excelize.CellTypeUnset} {
		if got, err := book.GetCellType("名单", cell); err != nil || got != kind {
			t.Errorf("cell %s is of type %v, %v", cell, got, err)
		}
	}
	if formula, err := book.GetCellFormula("名单", "A4"); err != nil || formula != "" {
		t.Errorf("a formula: %q, %v", formula, err)
	}
}

// What does not fit on one sheet goes on on the next, with the heading again.
func TestManySheets(t *testing.T) {
	var b bytes.Buffer
	book, err := newBook(&b, Options{Lang: "en", TempDir: t.TempDir()}, 4)
	if err != nil {
		t.Fatal(err)
	}
	err = book.header([]string{"Phone"}, []column{{key: "phone"}})
	for i := range 7 {
		err = errors.Join(err, book.row([]cell{{text: fmt.Sprint("+86", i), kind: textual}}))
	}
	if err = errors.Join(err, book.close()); err != nil {
		t.Fatal(err)
	}
	read, err := excelize.OpenReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	var got []string
	for _, sheet := range read.GetSheetList() {
		rows, err := read.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(sheet, rows))
	}
	if text := strings.Join(got, " "); text != "List[[Phone] [+860] [+861] [+862]] List (2)[[Phone] [+863] [+864] [+865]] List (3)[[Phone] [+866]]" {
		t.Error(text)
	}
}

// What a spreadsheet would take for a number, a day or a time stays a text in the
// layout that people open, and what it leaves alone stays as it is.
func TestTextsStayTexts(t *testing.T) {
	for _, text := range []string{"+8613910000002", "00123", "110101199003071234", "1", "-5", "+1-2", "3-4", "1/2", "2024/1/2", "2024-03-14", "3月5日", "2024年3月", "12:30", "12:30 PM", "1E5", "12e-3", "MAR1", "1-Dec",
		"5%", "1,234.5", "(12)", "￥5", "５", "310000"} {
		if !changed(text) {
			t.Errorf("%q is written as it is", text)
		}
	}
	for _, text := range []string{"", "C0001", "web:12", "王小明", "a@b.c", "S", "true", "march", "西湖路 1 号", "A1-B2", "5 Tea Road", "=1", "1=1", "1\"", "1;2", "1\t", "№1", strings.Repeat("1", 256)} {
		if changed(text) {
			t.Errorf("%q is written as a formula", text)
		}
	}
}

// Whatever a text holds, no cell of CSV begins a formula but one whose result is the
// text, what is read back is the text but for that or one apostrophe, and rows stay
// rows.
func TestNothingIsAFormula(t *testing.T) {
	nasty := rapid.OneOf(rapid.String(), rapid.StringMatching(`[=+@\t\r\n"',;＝-]?[0-9.+=A-Z"(),! |\n-]{0,12}`))
	number := regexp.MustCompile(`^[+-]([0-9]+\.?[0-9]*|\.[0-9]+)?$`)
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(nasty, 1, 8).Draw(t, "values")
		layout := rapid.SampledFrom([]string{"csv", "plain"}).Draw(t, "layout")
		var b bytes.Buffer
		w, err := New(&b, Options{Layout: layout, Channel: "email", Columns: []string{"attribute.x", "city"}})
		if err != nil {
			t.Fatal(err)
		}
		c := texts("city", values...)
		c.Null = nil
		same := *c
		same.Name = "attribute.x"
		if err := errors.Join(w.Write(table.New(&same, c)), w.Close()); err != nil {
			t.Fatal(err)
		}
		text, marked := bytes.CutPrefix(b.Bytes(), []byte("\ufeff"))
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if marked != (layout == "csv") || err != nil || len(rows) != len(values)+1 {
			t.Fatalf("%q, %v", b.String(), err)
		}
		for i, v := range values {
			v = strings.ReplaceAll(v, "\r\n", "\n") // the reader's doing
			for _, got := range rows[i+1] {
				if layout == "csv" && got == `="`+v+`"` && !strings.ContainsAny(v, "\"\r\n=") {
					continue
				}
				if got != v && got != "'"+v {
					t.Fatalf("%q became %q", v, got)
				}
				if r, _ := utf8.DecodeRuneInString(got); strings.ContainsRune("=+-@\t\r\n", r) && got != "" && !number.MatchString(got) {
					t.Fatalf("%q begins a formula", got)
				}
			}
		}
	})
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ layout, channel, columns, want string }{
		{"csv", "post", "city", ""},
		{"xls", "email", "email", `layout "xls": not one of csv, plain, xlsx`},
		{"csv", "email", "city city", `column "city" is asked for twice`},
		{"sms", "email", "phone", "layout sms holds telephone numbers, and the list is for email"},
		{"mailchimp", "post", "address", "layout mailchimp holds e-mail addresses or telephone numbers, and the list is for post"},
		{"sendgrid", "email", "first_name", "layout sendgrid needs the column email"},
		{"sms", "phone", "name phone", ""},
	} {
		err := Check(c.layout, c.channel, strings.Fields(c.columns))
		if (err == nil) != (c.want == "") || err != nil && !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
		if _, newErr := New(&bytes.Buffer{}, Options{Layout: c.layout, Channel: c.channel, Columns: strings.Fields(c.columns)}); (newErr == nil) != (err == nil) {
			t.Errorf("%+v: New says %v", c, newErr)
		}
	}
	for _, layout := range Layouts() {
		for _, channel := range []string{"email", "sms", "phone", "post"} {
			columns := Defaults(layout, channel)
			if err := Check(layout, channel, columns); err != nil && channel != "post" && (layout != "sms" || channel != "email") {
				t.Errorf("the defaults of %s for %s: %v", layout, channel, err)
			}
		}
	}
	if got := Sources([]string{"first_name", "email", "last_name", "name"}); !slices.Equal(got, []string{"name", "email"}) {
		t.Error(got)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"王小明": "小明|王", "欧阳修": "修|欧阳", "欧阳": "阳|欧", "诸葛孔明": "孔明|诸葛", "Ada Lovelace": "Ada|Lovelace", "Cher": "Cher|", "": "|", "杭州西湖茶叶店": "杭州西湖茶叶店|", "  王 小明 ": "王|小明", "司": "司|",
	} {
		given, family := Names(name)
		if got := given + "|" + family; got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

func TestHeadings(t *testing.T) {
	for _, c := range []struct{ layout, key, want string }{
		{"sendgrid", "attribute.favourite tea", "favourite_tea"}, {"sendgrid", "attribute.茶", "_"}, {"sendgrid", "attribute.2nd", "_2nd"},
		{"csv", "attribute.茶", "茶"}, {"klaviyo", "postcode", "Zip Code"}, {"mailchimp", "region", "State"}, {"mailchimp", "clv", "Customer lifetime value"},
	} {
		if got := heading(Options{Layout: c.layout, Channel: "email"}, c.key); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.key, c.layout, got, c.want)
		}
	}
	for _, k := range knownColumns() {
		if k.zh == "" || k.zh == k.en {
			t.Errorf("%s has no Chinese heading", k.key)
		}
	}
}

// A writer below that fails makes Close fail.
func TestFailedWrites(t *testing.T) {
	for _, layout := range []string{"csv", "xlsx"} {
		w, err := New(broken{}, Options{Layout: layout, Channel: "email", Columns: []string{"email"}, TempDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.Write(sample()), w.Close()); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", layout, err)
		}
	}
}

type broken struct{}

var errDisk = errors.New("the disk is full")

func (broken) Write([]byte) (int, error) { return 0, errDisk }
