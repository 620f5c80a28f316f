package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestTemplateIsTheDefault(t *testing.T) {
	got, err := Parse("clientele.yaml", []byte(Template()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Default(), got); diff != "" {
		t.Errorf("the template is not the default (-default +template):\n%s", diff)
	}
}

// Every key of Config and Source stands in the template, so that a new setting
// cannot be forgotten there.
func TestTemplateStatesEverySetting(t *testing.T) {
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		for i := range typ.NumField() {
			key := typ.Field(i).Tag.Get("yaml")
			found := false
			for line := range strings.Lines(Template()) {
				found = found || strings.HasPrefix(strings.TrimLeft(line, "# -"), key+":")
			}
			if key == "" || !found {
				t.Errorf("%s.%s: key %q is not in the template", typ.Name(), typ.Field(i).Name, key)
			}
			walk(typ.Field(i).Type)
		}
	}
	walk(reflect.TypeFor[Config]())
}

// What the template shows in comments must work when the # is taken away.
func TestTemplateExamples(t *testing.T) {
	text := Template()
	_, example, _ := strings.Cut(text, "# sources:\n")
	example, _, _ = strings.Cut(example, "sources: []")
	example = "sources:\n" + strings.ReplaceAll("\n"+example, "\n# ", "\n")
	c, err := Parse("example.yaml", []byte(example))
	if err != nil {
		t.Fatalf("%v\n%s", err, example)
	}
	want := DefaultSource()
	want.Name, want.Kind, want.Path = "web", "orders", []string{"exports/orders-*.csv.gz"}
	want.Map, want.Status = map[string]string{"net": "实付金额"}, map[string]string{"已付款": "paid"}
	if diff := cmp.Diff([]Source{want}, c.Sources); diff != "" {
		t.Error(diff)
	}
	for _, line := range []string{"recency: [30, 60, 120, 240]", "frequency: [1, 2, 4, 8]", "money: [100, 300, 1000, 3000]"} {
		key, list, _ := strings.Cut(line, ": ")
		if !strings.Contains(text, list) {
			t.Errorf("the template does not show %s", list)
		}
		if _, err := Parse("x", []byte("rfm:\n  "+key+": "+list)); err != nil {
			t.Error(err)
		}
	}
}

func TestReadWhatIsAllowed(t *testing.T) {
	d := Default()
	with := func(change func(*Config)) Config { c := d; change(&c); return c }
	source := func(s Source) Config { return with(func(c *Config) { c.Sources = []Source{s} }) }
	web := DefaultSource()
	web.Name, web.Kind, web.Path = "web", "orders", []string{"a.csv"}
	many, tab := web, web
	many.Path = []string{"a.csv", "b/*.csv"}
	tab.Delimiter = "\t"
	for _, tc := range []struct {
		name, text string
		want       Config
	}{
		{"empty", "", d},
		{"only comments", "# nothing\n", d},
		{"a document mark", "---\nhorizon_days: 7\n", with(func(c *Config) { c.Horizon = 7 })},
		{"byte order mark and CRLF", "\ufefftimezone: Asia/Shanghai\r\nchurn:\r\n  high: 0.9\r\n", with(func(c *Config) { c.Timezone = "Asia/Shanghai"; c.Churn.High = 0.9 })},
		{"a section with everything commented out", "churn:\n  # high: 0.9\nhorizon_days: 30\n", with(func(c *Config) { c.Horizon = 30 })},
		{"a section keeps its other defaults", "lifecycle:\n  new_days: 14\n", with(func(c *Config) { c.Lifecycle.New = 14 })},
		{"zero is zero", "rejects: {limit: 0}\ndiscount_rate: 0\n", with(func(c *Config) { c.Rejects.Limit = 0; c.Discount = 0 })},
		{"percentages", "rejects: {limit: 2.5%}\nmargin: 40 %\nchurn: {medium: 40%, high: 75%}\n", with(func(c *Config) {
			c.Rejects.Limit, c.Margin, c.Churn.Medium, c.Churn.High = 0.025, 0.4, 0.4, 0.75
		})},
		{"sizes", "resources: {memory: 4GiB, threads: 3}", with(func(c *Config) { c.Resources = Resources{4 << 30, 3} })},
		{"decimal sizes", "resources: {memory: 1.5 gb}", with(func(c *Config) { c.Resources.Memory = 1500e6 })},
		{"one value for a list", "net: tax\noutput: {reports: zh}", with(func(c *Config) { c.Net = []string{"tax"}; c.Output.Reports = []string{"zh"} })},
		{"an empty list", "output: {reports: [], csv: true}", with(func(c *Config) { c.Output = Output{CSV: true} })},
		{"quoted key", `"timezone": 'Europe/London'`, with(func(c *Config) { c.Timezone = "Europe/London" })},
		{"one path", "sources:\n- {name: web, kind: orders, path: a.csv}", source(web)},
		{"many paths", "sources:\n- name: web\n  kind: orders\n  path:\n  - a.csv\n  - b/*.csv\n", source(many)},
		{"tab by name", "sources:\n- {name: web, kind: orders, path: a.csv, delimiter: tab}", source(tab)},
		{"tab itself", `sources: [{name: web, kind: orders, path: a.csv, delimiter: "\t"}]`, source(tab)},
		{"custom scheme, codes as numbers", "rfm:\n  scheme: custom\n  segments:\n  - name: 好\n    codes: [555, '5[4-5]*']\n  - {name: rest, codes: '***'}", with(func(c *Config) {
			c.RFM.Scheme = "custom"
			c.RFM.Segments = []Segment{{"好", []string{"555", "5[4-5]*"}}, {"rest", []string{"***"}}}
		})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Parse("clientele.yaml", []byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadWhatIsWrong(t *testing.T) {
	const src = "sources:\n- name: web\n  kind: orders\n  path: a.csv\n"
	for _, tc := range []struct{ text, want string }{
		{"timezone: UTC\nchrun:\n  high: 0.9\n", `clientele.yaml:2: unknown key "chrun": did you mean "churn"?`},
		{"churn:\n  hihg: 0.9\n", `clientele.yaml:2: churn: unknown key "hihg": did you mean "high"?`},
		{"Timezone: UTC", `clientele.yaml:1: unknown key "Timezone": did you mean "timezone"?`},
		{"churn: {colour: 1}", `clientele.yaml:1: churn: unknown key "colour": the keys here are high, medium, window_days`},
		{"q: 1", `clientele.yaml:1: unknown key "q": the keys here are churn, currency, discount_rate, horizon_days, lifecycle, margin, models, net, output, purchases, refunds, rejects, resources, rfm, sources, timezone`},
		{src + "  pth: b.csv\n", `clientele.yaml:5: sources[0]: unknown key "pth": did you mean "path"?`},
		{"\n\nhorizon_days: soon", `clientele.yaml:3: horizon_days: "soon": not a whole number`},
		{"horizon_days: 1.5", `clientele.yaml:1: horizon_days: "1.5": not a whole number`},
		{"horizon_days: 0", `clientele.yaml:1: horizon_days: "0": not a number of days between 1 and 36525`},
		{"horizon_days:", `clientele.yaml:1: horizon_days: no value given`},
		{"horizon_days: [1]", `clientele.yaml:1: horizon_days: a single value is needed here`},
		{"horizon_days: {a: 1}", `clientele.yaml:1: horizon_days: a single value is needed here`},
		{"horizon_days: 10%", `clientele.yaml:1: horizon_days: "10%": not a whole number`},
		{"output:\n  csv: yes", `clientele.yaml:2: output.csv: "yes": not true or false`},
		{"margin: lots", `clientele.yaml:1: margin: "lots": not a number such as 0.1 or 10%`},
		{"margin: 0", `clientele.yaml:1: margin: "0": not more than 0 and at most 1 (100%)`},
		{"discount_rate: .nan", `clientele.yaml:1: discount_rate: ".nan": not a number such as 0.1 or 10%`},
		{"rfm: {recency: [1, 5%, 9, 10]}", `clientele.yaml:1: rfm.recency[1]: "5%": not a number`},
		{"rejects:\n  limit: 120%", `clientele.yaml:2: rejects.limit: "1.2": not between 0 and 1`},
		{"churn:\n  medium: 0.9\n", `clientele.yaml:1: churn.high: "0.8": not above medium, which is 0.9`},
		{"lifecycle:\n  active_days: 200\n", `clientele.yaml:1: lifecycle.at_risk_days: "180": the thresholds must rise: active_days is 200`},
		{"timezone: Beijing", `clientele.yaml:1: timezone: "Beijing": not a time zone: use a name such as UTC, Asia/Shanghai or Europe/London`},
		{"timezone: Local", `clientele.yaml:1: timezone: "Local": not a time zone: use a name such as UTC, Asia/Shanghai or Europe/London`},
		{"currency: RMB", `clientele.yaml:1: currency: "RMB": the code of the yuan is CNY`},
		{"currency: yuan", `clientele.yaml:1: currency: "yuan": not an ISO 4217 code such as CNY, USD or EUR, and not auto`},
		{"net: [tax, tips]", `clientele.yaml:1: net[1]: "tips": not one of tax, shipping`},
		{"net:\n- tax\n- tax", `clientele.yaml:3: net[1]: "tax": given twice`},
		{"refunds: never", `clientele.yaml:1: refunds: "never": not one of refund, order`},
		{"rfm:\n  scheme: grid124", `clientele.yaml:2: rfm.scheme: "grid124": not one of grid125, rf25, cn8, r-rfm-0.2, custom`},
		{"rfm:\n  recency: [1, 2, 2, 3]", `clientele.yaml:2: rfm.recency[2]: "2": cut points must rise, and the one before is 2`},
		{"rfm:\n  money: [1, 2, 3]", `clientele.yaml:2: rfm.money: 3 cut points: 4 are needed, which make scores 1 to 5`},
		{"rfm:\n  scheme: custom", `clientele.yaml:2: rfm.scheme: scheme custom needs rfm.segments`},
		{"rfm:\n  segments: [{name: a, codes: '5**'}]", `clientele.yaml:2: rfm.segments: own segments have no effect with scheme grid125: set scheme: custom`},
		{"rfm:\n  scheme: custom\n  segments:\n  - name: a\n    codes: ['5*', '***']", `clientele.yaml:5: rfm.segments[0].codes[0]: "5*": 2 positions: three are needed, for R, F and M`},
		{"rfm:\n  scheme: custom\n  segments:\n  - name: a\n    codes: ['6**']", `clientele.yaml:5: rfm.segments[0].codes[0]: "6**": each of R, F and M is a score from 1 to 5, a range such as [2-4], or *`},
		{"rfm:\n  scheme: custom\n  segments:\n  - name: a\n    codes: ['[4-2]**']", `clientele.yaml:5: rfm.segments[0].codes[0]: "[4-2]**": a range must rise, as in [2-4]`},
		{"resources: {memory: 4}", `clientele.yaml:1: resources.memory: "4": not a size such as 4GiB or 512MiB, and not auto`},
		{"resources: {memory: 1MiB}", `clientele.yaml:1: resources.memory: "1MiB": too little: at least 256MiB is needed`},
		{"resources: {threads: -1}", `clientele.yaml:1: resources.threads: "-1": less than 0`},
		{"output: {reports: [en, fr]}", `clientele.yaml:1: output.reports[1]: "fr": not one of en, zh`},
		{"sources: a.csv", `clientele.yaml:1: sources: not a list: begin each entry with "- "`},
		{"sources: {name: web}", `clientele.yaml:1: sources: not a list: begin each entry with "- "`},
		{"sources:\n- a.csv", `clientele.yaml:2: sources[0]: "a.csv": not a section of "key: value" lines`},
		{"sources:\n- name: web\n-\n", `clientele.yaml:3: sources[1]: no value given`},
		{"sources:\n- kind: orders\n  path: a", `clientele.yaml:2: sources[0]: name is missing`},
		{"sources:\n- name: web\n  path: a", `clientele.yaml:2: sources[0]: kind is missing: one of orders, order-lines, customers, products, refunds, interactions, campaigns, responses`},
		{"sources:\n- name: web\n  kind: orders", `clientele.yaml:2: sources[0]: path is missing`},
		{"sources:\n- name: web\n  kind: order\n  path: a", `clientele.yaml:3: sources[0].kind: "order": not one of orders, order-lines, customers, products, refunds, interactions, campaigns, responses`},
		{src + "- name: web\n  kind: orders\n  path: b.csv\n", `clientele.yaml:5: sources[1].name: "web": sources[0] has this name too`},
		{"sources:\n- name: a b\n  kind: orders\n  path: a", `clientele.yaml:2: sources[0].name: "a b": a name is letters, digits, _ - and .`},
		{src + "  id_space: a:b\n", `clientele.yaml:5: sources[0].id_space: "a:b": a name is letters, digits, _ - and .`},
		{src + "  delimiter: xx\n", `clientele.yaml:5: sources[0].delimiter: "xx": not auto, tab, or one character such as , ; |`},
		{src + "  map:\n    net:\n", `clientele.yaml:6: sources[0].map.net: no value given`},
		{src + "  map:\n    net: ''\n", `clientele.yaml:6: sources[0].map.net: "": both sides of the colon need a word`},
		{src + "  path:\n  - ' '\n", `clientele.yaml:5: not valid YAML: mapping key "path" already defined at [4:3]`},
		{"- a\n- b\n", `clientele.yaml:1: not a section of "key: value" lines`},
		{"hello", `clientele.yaml:1: "hello": not a section of "key: value" lines`},
		{"net: [tax\n", `clientele.yaml:1: not valid YAML: sequence end token ']' not found`},
		{"margin: 1\n---\nmargin: 1\n", `clientele.yaml:3: a second document after ---: only one is allowed`},
		{"net: &a [tax]\n", `clientele.yaml:1: net: anchors, aliases and tags are not used here`},
		{"\xff\xfet\x00", `clientele.yaml: not UTF-8 text`},
		{"PAR1\x00\x01", `clientele.yaml: not UTF-8 text`},
	} {
		_, err := Parse("clientele.yaml", []byte(tc.text))
		if err == nil {
			t.Errorf("no error for\n%s", tc.text)
			continue
		}
		if err.Error() != tc.want {
			t.Errorf("for\n%s\n got %s\nwant %s", tc.text, err, tc.want)
		}
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %s", err)
		}
	}
}

func TestReadFiles(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none.yaml")
	if _, err := Read(missing); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("a missing file: %v", err)
	}
	if c, err := ReadOrDefault(missing); err != nil || !cmp.Equal(c, Default()) {
		t.Errorf("a missing file should give the defaults: %v", err)
	}
	if _, err := ReadOrDefault(dir); err == nil {
		t.Error("a folder was read as a configuration")
	}
	path := filepath.Join(dir, "clientele.yaml")
	if err := os.WriteFile(path, []byte("margin: 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := ReadOrDefault(path); !errors.As(err, &e) || e.Path != path || e.Line != 1 || e.Key != "margin" {
		t.Errorf("a wrong file: %v", err)
	}
}

func TestCheckAfterFlags(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Errorf("the default is refused: %v", err)
	}
	c.Horizon = -3
	if err := c.Check(); err == nil || err.Error() != `horizon_days: "-3": not a number of days between 1 and 36525` {
		t.Errorf("got %v", err)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"auto": 0, "4GiB": 4 << 30, "512 MiB": 512 << 20, "1.5gib": 3 << 29, "1TB": 1e12, "1048576KiB": 1 << 30} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "4", "GiB", "-4GiB", "4 gigs", "NaNGiB", "InfGiB", "9999999999TiB", "255MiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Size(rapid.Int64Range(minSize, 1<<45).Draw(t, "bytes"))
		if back, err := ParseSize(s.String()); err != nil || back != s {
			t.Fatalf("%d is written %s and read as %d, %v", s, s, back, err)
		}
	})
}

func TestHash(t *testing.T) {
	base := Hash(Default())
	// Written down when the format was settled: a change of this value makes
	// every run of every workspace look as if its settings had changed.
	const settled = "3589a1e42836ad03314b9beac7464b046e158b29bc9e8716b878bc82dd33a14c"
	if base != settled {
		t.Errorf("the hash of the defaults is %s, was %s; settings: %v", base, settled, Settings(Default()))
	}
	differs := map[string]func(*Config){
		"timezone": func(c *Config) { c.Timezone = "Asia/Shanghai" },
		"net":      func(c *Config) { c.Net = []string{"tax"} },
		"horizon":  func(c *Config) { c.Horizon = 30 },
		"margin":   func(c *Config) { c.Margin = 0.3 },
		"churn":    func(c *Config) { c.Churn.High = 0.81 },
		"rfm":      func(c *Config) { c.RFM.Recency = []float64{1, 2, 3, 4} },
		"gates":    func(c *Config) { c.Models.MinRepeaters = 51 },
		"stages":   func(c *Config) { c.Lifecycle.WonBack = 181 },
		"custom":   func(c *Config) { c.RFM.Segments = []Segment{{"a", []string{"***"}}} },
	}
	seen := map[string]string{base: "default"}
	for name, change := range differs {
		c := Default()
		change(&c)
		if other, taken := seen[Hash(c)]; taken {
			t.Errorf("%s has the hash of %s", name, other)
		}
		seen[Hash(c)] = name
	}
	same := map[string]func(*Config){
		"memory":  func(c *Config) { c.Resources.Memory = 4 << 30 },
		"threads": func(c *Config) { c.Resources.Threads = 1 },
		"paths":   func(c *Config) { c.Sources = []Source{{Name: "a", Path: []string{"b"}}} },
		"csv":     func(c *Config) { c.Output.CSV = true },
		"rejects": func(c *Config) { c.Rejects.Limit = 1 },
		"empty":   func(c *Config) { c.Net = []string{} },
	}
	for name, change := range same {
		c := Default()
		change(&c)
		if Hash(c) != base {
			t.Errorf("%s changes the hash", name)
		}
	}
	a, b := Default(), Default()
	a.Net, b.Net = []string{"tax", "shipping"}, []string{"shipping", "tax"}
	if Hash(a) != Hash(b) || !maps.Equal(Frozen(a), Frozen(b)) {
		t.Error("the order of net makes a difference")
	}
	if a.Net[0] != "tax" {
		t.Error("the configuration was changed")
	}
}

func TestFrozen(t *testing.T) {
	c := Default()
	c.Sources = []Source{{Name: "web"}, {Name: "pos", IDSpace: "card"}}
	recorded := Frozen(c)
	want := map[string]string{"timezone": "UTC", "currency": "auto", "net": "", "refunds": "refund", "id_space.web": "", "id_space.pos": "card"}
	if diff := cmp.Diff(want, recorded); diff != "" {
		t.Fatal(diff)
	}
	recorded["currency"] = "CNY" // what auto became
	for name, tc := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"nothing":         {func(*Config) {}, ""},
		"not frozen":      {func(c *Config) { c.Horizon = 7 }, ""},
		"another source":  {func(c *Config) { c.Sources = append(c.Sources, Source{Name: "app", IDSpace: "app"}) }, ""},
		"a source less":   {func(c *Config) { c.Sources = c.Sources[:1] }, ""},
		"currency stated": {func(c *Config) { c.Currency = "CNY" }, ""},
		"currency":        {func(c *Config) { c.Currency = "USD" }, `currency: is "USD" now and was "CNY"`},
		"zone":            {func(c *Config) { c.Timezone = "Asia/Shanghai" }, `timezone: is "Asia/Shanghai" now and was "UTC"`},
		"net":             {func(c *Config) { c.Net = []string{"tax"} }, `net: is "tax" now and was ""`},
		"id space":        {func(c *Config) { c.Sources = []Source{{Name: "pos"}} }, `id_space.pos: is "" now and was "card"`},
	} {
		c := c
		tc.change(&c)
		err := CheckFrozen(recorded, Frozen(c))
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want) || !strings.Contains(err.Error(), "clientele rebuild")) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// Whatever is written, reading it neither panics nor gives a configuration
// that fails its own check, and an error is one line.
func FuzzParse(f *testing.F) {
	f.Add(Template())
	f.Add("rfm: {scheme: custom, segments: [{name: a, codes: [555, '[1-2]**']}]}")
	f.Add("sources:\n- name: web\n  kind: orders\n  path: [a, b]\n  map: {1: x}\n")
	f.Add("a: &x 1\nb: *x\n<<: *x\n? a\n: !!str |\n  x\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f.yaml", []byte(text))
		if err == nil {
			err = c.Check()
			if err != nil {
				t.Errorf("accepted, then refused: %v", err)
			}
			return
		}
		if strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "f.yaml") {
			t.Errorf("not one line: %q", err)
		}
	})
}
