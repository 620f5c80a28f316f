package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
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
			if key == "" || !regexp.MustCompile(`(?m)(^[# -]*|[{,] *)`+key+`: `).MatchString(strings.ReplaceAll(Template(), "\n", " \n")) {
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
	example := func(section string) Config {
		_, lines, _ := strings.Cut(text, "# "+section+":\n")
		lines, _, found := strings.Cut(lines, "\n"+section+": []")
		if !found {
			t.Fatalf("the template has no example of %s", section)
		}
		lines = section + ":\n" + strings.ReplaceAll("\n"+lines, "\n# ", "\n")
		c, err := Parse("example.yaml", []byte(lines))
		if err != nil {
			t.Fatalf("%v\n%s", err, lines)
		}
		return c
	}
	web, erp := DefaultSource(), DefaultSource()
	web.Name, web.Path = "web", []string{"exports/orders-*.csv.gz"}
	web.Map, web.Status = map[string]string{"net": "实付金额"}, map[string]string{"已付款": "paid"}
	erp.Name, erp.Kind, erp.Connect, erp.Table = "erp", "orders", "postgres://reader@db.example/shop", "sales.orders"
	erp.Watermark, erp.PasswordEnv = "changed_at", "ERP_PASSWORD"
	if diff := cmp.Diff([]Source{web, erp}, example("sources").Sources); diff != "" {
		t.Error(diff)
	}
	rules := []string{"not_null", "unique", "in", "min", "matches", "references", "fresh_days", "volume"}
	for i, c := range example("checks").Checks {
		if i >= len(rules) || c.Rule() != rules[i] {
			t.Errorf("check %d, %s, has the rule %s", i, c.Name, c.Rule())
		}
	}
	if diff := cmp.Diff([]Exclusion{
		{Name: "staff", Customers: map[string][]string{"tags": {"*员工*"}, "email": {"*@shop.example", "*@shop.test"}}},
		{Name: "wholesale", Customers: map[string][]string{"attribute.level": {"wholesale"}}},
		{Name: "test orders", Orders: map[string][]string{"order_id": {"TEST*"}, "net_below": {"1"}}},
	}, example("exclude").Exclude); diff != "" {
		t.Error(diff)
	}
	if own := example("segments").Segments; len(own) != 3 || own[1].Rule != "spend on category '茶叶' in 365 days > 500" {
		t.Error(own)
	}
	for _, column := range append(CustomerColumns(), OrderColumns()...) {
		if !strings.Contains(text, column) {
			t.Errorf("the template does not name %s", column)
		}
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
	auto, db, zoned := web, DefaultSource(), web
	auto.Kind = "auto"
	db.Name, db.Kind, db.Connect, db.Query, db.PasswordFile = "db", "orders", "sqlite:crm.db", "SELECT 1", "p"
	mysqlSocket, socket := db, db
	mysqlSocket.Connect = "mysql://u@/d?socket=/run/mysqld/mysqld.sock"
	socket.Connect = "postgres://u@/d?host=/run/postgresql"
	zoned.Dates, zoned.Encoding = "excel", "Shift_JIS"
	zoned.Zone, zoned.Expand, zoned.Amount = "Asia/Tokyo", 10<<20, "line"
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
		{"kind auto when it is empty", "sources:\n- {name: web, kind: '', path: a.csv}", source(auto)},
		{"kind auto when it is absent", "sources:\n- {name: web, path: a.csv}", source(auto)},
		{"a database by query", "sources:\n- {name: db, kind: orders, connect: 'sqlite:crm.db', query: SELECT 1, password_file: p}", source(db)},
		{"another by its socket", "sources:\n- {name: db, kind: orders, connect: 'mysql://u@/d?socket=/run/mysqld/mysqld.sock', query: SELECT 1, password_file: p}", source(mysqlSocket)},
		{"a database by its socket", "sources:\n- {name: db, kind: orders, connect: 'postgres://u@/d?host=/run/postgresql', query: SELECT 1, password_file: p}", source(socket)},
		{"an input zone and an expanded size", "sources:\n- {name: web, kind: orders, path: a.csv, zone: Asia/Tokyo, expand: 10MiB, amount: line, dates: excel, encoding: Shift_JIS}", source(zoned)},
		{"exclusions", "exclude:\n- name: staff\n  customers: {attribute.level: wholesale, customer_id: [1, C2]}\n- name: big\n  orders: {net_above: 50000, shop: x}", with(func(c *Config) {
			c.Exclude = []Exclusion{
				{Name: "staff", Customers: map[string][]string{"attribute.level": {"wholesale"}, "customer_id": {"1", "C2"}}},
				{Name: "big", Orders: map[string][]string{"net_above": {"50000"}, "shop": {"x"}}},
			}
		})},
		{"checks", "checks:\n- {name: a, table: orders, column: net, min: 0}\n- {name: b, table: orders, volume: 50%, where: {source: web}, severity: warning}\n- {name: c, table: orders, column: ordered_on, fresh_days: 0}", with(func(c *Config) {
			c.Checks = []Check{
				{Name: "a", Table: "orders", Column: "net", Min: new(0.0), Severity: "error"},
				{Name: "b", Table: "orders", Volume: new(0.5), Where: map[string][]string{"source": {"web"}}, Severity: "warning"},
				{Name: "c", Table: "orders", Column: "ordered_on", FreshDays: new(0), Severity: "error"},
			}
		})},
		{"identity", "identity: {match: [], shared_limit: 3, ignore: 'noreply@*', links: [a.csv, b.csv]}\npriority: crm\nrates: r.csv\nphone_region: US", with(func(c *Config) {
			c.Identity = Identity{SharedLimit: 3, Ignore: []string{"noreply@*"}, Links: []string{"a.csv", "b.csv"}}
			c.Priority, c.Rates, c.PhoneRegion = []string{"crm"}, "r.csv", "US"
		})},
		{"saved models", "models: {frozen: exports/as_of=2026-06-30}", with(func(c *Config) { c.Models.Frozen = []string{"exports/as_of=2026-06-30"} })},
		{"groups and covariates", "models:\n  by: cohort\n  buying: [acquired_channel, age]\n  leaving: gender", with(func(c *Config) {
			c.Models.By, c.Models.Buying, c.Models.Leaving = "cohort", []string{"acquired_channel", "age"}, []string{"gender"}
		})},
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
	const db = "sources:\n- name: db\n  kind: orders\n"
	for _, tc := range []struct{ text, want string }{
		{"timezone: UTC\nchrun:\n  high: 0.9\n", `clientele.yaml:2: unknown key "chrun": did you mean "churn"?`},
		{"churn:\n  hihg: 0.9\n", `clientele.yaml:2: churn: unknown key "hihg": did you mean "high"?`},
		{"Timezone: UTC", `clientele.yaml:1: unknown key "Timezone": did you mean "timezone"?`},
		{"churn: {colour: 1}", `clientele.yaml:1: churn: unknown key "colour": the keys here are high, medium, model, window_days`},
		{"q: 1", `clientele.yaml:1: unknown key "q": the keys here are backtest, campaigns, checks, churn, clusters, contact, currency, discount_rate, exclude, gates, horizon_days, identity, keep, lifecycle, lineage, margin, metrics, models, net, output, phone_region, priority, purchases, rates, refunds, rejects, resources, rfm, segments, sources, timezone`},
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
		{"margin: 0", `clientele.yaml:1: margin: "0": not more than 0 and at most 1 (100%), and not auto`},
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
		{"sources:\n- name: web\n  kind: orders", `clientele.yaml:2: sources[0]: path is missing (or connect, for a database)`},
		{"sources:\n- name: web\n  kind: order\n  path: a", `clientele.yaml:3: sources[0].kind: "order": not one of orders, order-lines, customers, products, refunds, interactions, campaigns, responses, and not auto`},
		{src + "- name: web\n  kind: orders\n  path: b.csv\n", `clientele.yaml:5: sources[1].name: "web": sources[0] has this name too`},
		{"sources:\n- name: a b\n  kind: orders\n  path: a", `clientele.yaml:2: sources[0].name: "a b": a name is letters, digits, _ - and .`},
		{src + "  id_space: a:b\n", `clientele.yaml:5: sources[0].id_space: "a:b": a name is letters, digits, _ - and .`},
		{src + "  delimiter: xx\n", `clientele.yaml:5: sources[0].delimiter: "xx": not auto, tab, or one character such as , ; |`},
		{src + "  map:\n    net:\n", `clientele.yaml:6: sources[0].map.net: no value given`},
		{src + "  map:\n    net: ''\n", `clientele.yaml:6: sources[0].map.net: "": both sides of the colon need a word`},
		{src + "  path:\n  - ' '\n", `clientele.yaml:5: not valid YAML: mapping key "path" already defined at [4:3]`},
		{"phone_region: cn", `clientele.yaml:1: phone_region: "cn": not an ISO 3166 code of a region such as CN, US or GB`},
		{"phone_region: '001'", `clientele.yaml:1: phone_region: "001": not an ISO 3166 code of a region such as CN, US or GB`},
		{"phone_region: ZZ", `clientele.yaml:1: phone_region: "ZZ": not an ISO 3166 code of a region such as CN, US or GB`},
		{"phone_region: UK", `clientele.yaml:1: phone_region: "UK": the code of the United Kingdom is GB`},
		{"rates: ' '", `clientele.yaml:1: rates: " ": an empty path`},
		{"identity:\n  match: [email, fax]", `clientele.yaml:2: identity.match[1]: "fax": not one of email, phone, member_id`},
		{"identity:\n  shared_limit: 0", `clientele.yaml:2: identity.shared_limit: "0": less than 1`},
		{"identity:\n  ignore: ['']", `clientele.yaml:2: identity.ignore[0]: "": blank`},
		{"identity:\n  links:\n  - a.csv\n  - a.csv", `clientele.yaml:4: identity.links[1]: "a.csv": given twice`},
		{"priority: [crm, crm]", `clientele.yaml:1: priority[1]: "crm": given twice`},
		{"priority: [a b]", `clientele.yaml:1: priority[0]: "a b": a name is letters, digits, _ - and .`},
		{"priority: ['']", `clientele.yaml:1: priority[0]: "": blank`},
		{src + "  zone: Beijing\n", `clientele.yaml:5: sources[0].zone: "Beijing": not a time zone: use a name such as UTC, Asia/Shanghai or Europe/London`},
		{src + "  amount: row\n", `clientele.yaml:5: sources[0].amount: "row": not one of auto, order, line`},
		{"sources:\n- name: web\n  kind: refunds\n  path: a\n  amount: line", `clientele.yaml:5: sources[0].amount: "line": has a meaning for kind orders only, and this is refunds`},
		{src + "  encoding: utf8\n", `clientele.yaml:5: sources[0].encoding: "utf8": not one of auto, utf-8, utf-16, utf-16le, utf-16be, gb18030, latin-1, windows-1252, iso-8859-15, windows-1251, shift-jis, big5, euc-kr`},
		{src + "  format: xls\n", `clientele.yaml:5: sources[0].format: "xls": not one of auto, csv, tsv, json, jsonl, xlsx, parquet`},
		{src + "  format: csv\n  sheet: Orders\n", `clientele.yaml:6: sources[0].sheet: "Orders": only a workbook has sheets, and the format is csv`},
		{src + "  expand: 20\n", `clientele.yaml:5: sources[0].expand: "20": not a size such as 4GiB or 512MiB, and not auto`},
		{src + "  table: orders\n", `clientele.yaml:5: sources[0].table: "orders": has a meaning beside connect only`},
		{src + "  connect: sqlite:a.db\n", `clientele.yaml:5: sources[0].connect: path is set too: a source is files or a database`},
		{src + "- name: web\n  kind: order-lines\n  path: b.csv\n  zone: UTC\n", `clientele.yaml:8: sources[1].zone: "UTC": sources[0] has the same name and "" here: entries of one name must agree`},
		{"sources:\n- name: web\n  path: a\n- name: web\n  kind: auto\n  path: b\n", `clientele.yaml:4: sources[1].name: "web": sources[0] has this name too`},
		{db + "  connect: sqlite:a.db\n", `clientele.yaml:2: sources[0]: table is missing (or query)`},
		{db + "  connect: sqlite:a.db\n  table: a\n  query: b\n", `clientele.yaml:6: sources[0].query: table is set too: one of the two`},
		{db + "  connect: sqlite:a.db\n  table: a\n  password_env: b\n  password_file: c\n", `clientele.yaml:7: sources[0].password_file: password_env is set too: one of the two`},
		{db + "  connect: sqlite:a.db\n  table: a\n  format: csv\n", `clientele.yaml:6: sources[0].format: "csv": is of files and has no meaning beside connect`},
		{db + "  connect: sqlite:a.db\n  table: a\n  expand: 1GiB\n", `clientele.yaml:6: sources[0].expand: "1GiB": is of files and has no meaning beside connect`},
		{db + "  connect: sqlite:a.db\n  table: a\n  watermark: ' '\n", `clientele.yaml:6: sources[0].watermark: " ": blank`},
		{db + "  connect: 'postgres://u:hunter2@h/d'\n  table: a\n", `clientele.yaml:4: sources[0].connect: has a password in it: take it out and name password_env or password_file`},
		{db + "  connect: 'postgres://u@h/d?password=hunter2'\n  table: a\n", `clientele.yaml:4: sources[0].connect: has a password in it: take it out and name password_env or password_file`},
		{db + "  connect: host=h PASSWORD = hunter2\n  table: a\n", `clientele.yaml:4: sources[0].connect: has a password in it: take it out and name password_env or password_file`},
		{db + "  connect: u:hunter2@tcp(h)/d\n  table: a\n", `clientele.yaml:4: sources[0].connect: has a password in it: take it out and name password_env or password_file`},
		{db + "  connect: 'mysql://u:p@/w@h/d'\n  table: a\n", `clientele.yaml:4: sources[0].connect: has a password in it: take it out and name password_env or password_file`},
		{db + "  connect: 'postgres://u@h/d'\n  table: a\n  password_env: hunter-2\n", `clientele.yaml:6: sources[0].password_env: is not the name of a variable of the environment: letters, digits and _`},
		{db + "  connect: oracle://h/d\n  table: a\n", `clientele.yaml:4: sources[0].connect: not postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:FILE`},
		{db + "  connect: 'sqlite:'\n  table: a\n", `clientele.yaml:4: sources[0].connect: not postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:FILE`},
		{db + "  connect: 'postgres:///d'\n  table: a\n", `clientele.yaml:4: sources[0].connect: not postgres://USER@HOST/DATABASE, mysql://USER@HOST/DATABASE or sqlite:FILE`},
		{"exclude:\n- customers: {tags: a}", `clientele.yaml:2: exclude[0]: name is missing`},
		{"exclude:\n- name: a", `clientele.yaml:2: exclude[0]: conditions are missing: customers or orders`},
		{"exclude:\n- name: a\n  orders: {}\n", `clientele.yaml:2: exclude[0]: conditions are missing: customers or orders`},
		{"exclude:\n- name: a\n  orders: {shop: x}\n  customers: {tags: x}", `clientele.yaml:2: exclude[0]: customers and orders in one rule: make two rules`},
		{"exclude:\n- {name: a, orders: {shop: x}}\n- {name: a, orders: {shop: y}}", `clientele.yaml:3: exclude[1].name: "a": given twice`},
		{"exclude:\n- {name: \"a\\nb\", orders: {shop: x}}", `clientele.yaml:2: exclude[0].name: "a\nb": more than one line, or a control character`},
		{"exclude:\n- name: a\n  customers:\n    tag: x", `clientele.yaml:4: exclude[0].customers.tag: did you mean "tags"?`},
		{"exclude:\n- name: a\n  orders:\n    tags: x", `clientele.yaml:4: exclude[0].orders.tags: not one of order_id, source, status, shop, channel, coupon, campaign_id, net_above, net_below`},
		{"exclude:\n- name: a\n  orders:\n    attribute.level: x", `clientele.yaml:4: exclude[0].orders.attribute.level: not one of order_id, source, status, shop, channel, coupon, campaign_id, net_above, net_below`},
		{"exclude:\n- name: a\n  customers:\n    attribute.: x", `clientele.yaml:4: exclude[0].customers.attribute.: the name of the attribute is missing: attribute.NAME`},
		{"exclude:\n- name: a\n  orders:\n    shop: ''", `clientele.yaml:4: exclude[0].orders.shop[0]: "": blank`},
		{"exclude:\n- name: a\n  orders:\n    shop: []", `clientele.yaml:4: exclude[0].orders.shop: no value given`},
		{"exclude:\n- name: a\n  orders:\n    net_above: lots", `clientele.yaml:4: exclude[0].orders.net_above: "lots": not an amount such as 50000 or 0.5`},
		{"exclude:\n- name: a\n  orders:\n    net_above: [1, 2]", `clientele.yaml:4: exclude[0].orders.net_above: a single amount is needed here`},
		{"exclude:\n- name: a\n  orders:\n    net_below: 0.00001", `clientele.yaml:4: exclude[0].orders.net_below: "0.00001": not an amount such as 50000 or 0.5`},
		{"checks:\n- {table: orders}", `clientele.yaml:2: checks[0]: name is missing`},
		{"checks:\n- {name: a}", `clientele.yaml:2: checks[0]: table is missing: one of orders, order_lines, refunds, customers, contacts, products, interactions, campaigns, responses, identities, texts`},
		{"checks:\n- {name: a, table: order, column: net, min: 0}", `clientele.yaml:2: checks[0].table: "order": not one of orders, order_lines, refunds, customers, contacts, products, interactions, campaigns, responses, identities, texts`},
		{"checks:\n- {name: a, table: orders, column: net}", `clientele.yaml:2: checks[0]: a rule is missing: one of not_null, unique, in, min, max, matches, references, fresh_days, volume`},
		{"checks:\n- {name: a, table: orders, column: net, not_null: false}", `clientele.yaml:2: checks[0]: a rule is missing: one of not_null, unique, in, min, max, matches, references, fresh_days, volume`},
		{"checks:\n- {name: a, table: orders, column: net, unique: true, min: 0}", `clientele.yaml:2: checks[0]: unique and min in one check: make two checks`},
		{"checks:\n- {name: a, table: orders, min: 0}", `clientele.yaml:2: checks[0]: column is missing`},
		{"checks:\n- {name: a, table: orders, column: 'net; DROP', min: 0}", `clientele.yaml:2: checks[0].column: "net; DROP": not a name of a column`},
		{"checks:\n- {name: a, table: orders, column: net, volume: 50%}", `clientele.yaml:2: checks[0].column: "net": volume counts rows and has no column`},
		{"checks:\n- {name: a, table: orders, column: net, min: 2, max: 1}", `clientele.yaml:2: checks[0].max: "1": less than min, which is 2`},
		{"checks:\n- {name: a, table: orders, column: net, min: low}", `clientele.yaml:2: checks[0].min: "low": not a number`},
		{"checks:\n- {name: a, table: orders, column: net, in: [a, a]}", `clientele.yaml:2: checks[0].in[1]: "a": given twice`},
		{"checks:\n- {name: a, table: orders, column: net, references: products}", `clientele.yaml:2: checks[0].references: "products": not TABLE.COLUMN, such as products.product_id`},
		{"checks:\n- {name: a, table: orders, column: net, fresh_days: -1}", `clientele.yaml:2: checks[0].fresh_days: "-1": less than 0`},
		{"checks:\n- {name: a, table: orders, volume: 2000%}", `clientele.yaml:2: checks[0].volume: "20": not between 0 and 10`},
		{"checks:\n- {name: a, table: orders, column: net, min: 0, severity: fatal}", `clientele.yaml:2: checks[0].severity: "fatal": not one of error, warning`},
		{"checks:\n- {name: a, table: orders, column: net, min: 0, where: {a b: x}}", `clientele.yaml:2: checks[0].where.a b: not a name of a column`},
		{"checks:\n- {name: a, table: orders, column: net, min: 0, where: {source: []}}", `clientele.yaml:2: checks[0].where.source: no value given`},
		{"checks:\n- {name: a, table: orders, column: net, minimum: 0}", `clientele.yaml:2: checks[0]: unknown key "minimum": the keys here are column, fresh_days, in, matches, max, min, name, not_null, references, severity, table, unique, volume, where`},
		{"models: {by: sex}", `clientele.yaml:1: models.by: "sex": not one of cohort, gender, country, region, city, acquired_channel`},
		{"models: {by: age}", `clientele.yaml:1: models.by: "age": not one of cohort, gender, country, region, city, acquired_channel`},
		{"models: {by: VIP}\nsegments:\n- {name: VIP, rule: clv > 500}", `clientele.yaml:1: models.by: "VIP": own segments are made of scores, so they are known only after the models are fitted, and they may share customers: not one of cohort, gender, country, region, city, acquired_channel`},
		{"models: {buying: [gender, agee]}", `clientele.yaml:1: models.buying[1]: "agee": not one of gender, country, region, city, acquired_channel, age`},
		{"models: {leaving: [age, age]}", `clientele.yaml:1: models.leaving[1]: "age": given twice`},
		{"models:\n  by: city\n  leaving: [city]", `clientele.yaml:2: models.by: "city": each of its values is fitted by itself, so it cannot be in models.buying or models.leaving too`},
		{"models:\n  frozen: [a.json, ' ']", `clientele.yaml:2: models.frozen[1]: " ": blank`},
		{"models:\n  frozen: [a.json, a.json]", `clientele.yaml:2: models.frozen[1]: "a.json": given twice`},
		{"segments:\n- name: a\n", `clientele.yaml:2: segments[0]: rule is missing`},
		{"segments:\n- {name: a, rule: x}\n- {name: a, rule: y}", `clientele.yaml:3: segments[1].name: "a": given twice`},
		{"clusters: {k: 1}", `clientele.yaml:1: clusters.k: "1": not between 2 and 50, and not 0, which has it chosen`},
		{"clusters: {match: yesterday}", `clientele.yaml:1: clusters.match: "yesterday": not the date of a run, such as 2024-12-31`},
		{"contact:\n  consent: yes please", `clientele.yaml:2: contact.consent: "yes please": not one of required, unless_refused`},
		{"contact:\n  caps:\n  - days: 7", `clientele.yaml:3: contact.caps[0].contacts: "0": less than 1`},
		{"contact: {control: 95%}", `clientele.yaml:1: contact.control: "0.95": not between 0 and 0.9`},
		{"campaigns: {outcome: sent}", `clientele.yaml:1: campaigns.outcome: "sent": not one of orders, converted, clicked, opened`},
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
	for _, text := range []string{"", "4", "GiB", "-4GiB", "4 gigs", "NaNGiB", "InfGiB", "9999999999TiB", "1023B", "0.9KiB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q was read as %d", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := Size(rapid.Int64Range(1<<10, 1<<45).Draw(t, "bytes"))
		if back, err := ParseSize(s.String()); err != nil || back != s {
			t.Fatalf("%d is written %s and read as %d, %v", s, s, back, err)
		}
	})
}

func TestHash(t *testing.T) {
	base := Hash(Default())
	// Written down when the format was settled: a change of this value makes
	// every run of every workspace look as if its settings had changed.
	const settled = "8623500274e9b8452fd2c4e8a8022a86fad38be319233842299c0f94b5228cb9"
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
		"exclude":  func(c *Config) { c.Exclude = []Exclusion{{Name: "a", Orders: map[string][]string{"shop": {"x"}}}} },
		"others":   func(c *Config) { c.Exclude = []Exclusion{{Name: "a", Customers: map[string][]string{"name": {"x"}}}} },
		"match":    func(c *Config) { c.Identity.Match = nil },
		"links":    func(c *Config) { c.Identity.Links = []string{"links.csv"} },
		"priority": func(c *Config) { c.Priority = []string{"crm"} },
		"region":   func(c *Config) { c.PhoneRegion = "US" },
		"own":      func(c *Config) { c.Segments = []Own{{Name: "a", Rule: "orders > 1"}} },
		"clusters": func(c *Config) { c.Clusters.K = 5 },
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
		"rates":   func(c *Config) { c.Rates = "rates.csv" },
		"frozen":  func(c *Config) { c.Models.Frozen = []string{"model.json"} }, // its contents are told by the hash of what was scored
		"checks":  func(c *Config) { c.Checks = []Check{{Name: "a", Table: "orders", Column: "net", NotNull: true}} },
		"contact": func(c *Config) { c.Contact = Contact{Consent: "unless_refused", Caps: []Cap{{Contacts: 1, Days: 7}}} },
		"results": func(c *Config) { c.Campaigns.Window = 7 },
		"hold":    func(c *Config) { c.Gates = Gates{MinOrders: 1, MinVolume: new(float64)} },
		"keep":    func(c *Config) { c.Keep.Runs = 3 },
		"metrics": func(c *Config) { c.Metrics, c.Lineage = "a.prom", "b.jsonl" },
		"match":   func(c *Config) { c.Identity.Match = []string{"phone", "member_id", "email"} },
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
	c.Sources = []Source{{Name: "web", Kind: "orders", Amount: "line", Zone: "Asia/Tokyo"}, {Name: "pos", Kind: "customers", IDSpace: "card"}}
	recorded := Frozen(c)
	want := map[string]string{
		"timezone": "UTC", "currency": "auto", "net": "", "refunds": "refund", "phone_region": "CN",
		"id_space.web": "", "zone.web": "Asia/Tokyo", "amount.web": "line", "id_space.pos": "card", "zone.pos": "",
	}
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
		"region":          {func(c *Config) { c.PhoneRegion = "US" }, `phone_region: is "US" now and was "CN"`},
		"source zone":     {func(c *Config) { c.Sources = []Source{{Name: "web", Kind: "orders", Amount: "line"}} }, `zone.web: is "" now and was "Asia/Tokyo"`},
		"amount":          {func(c *Config) { c.Sources = []Source{{Name: "web", Zone: "Asia/Tokyo"}} }, `amount.web: is "auto" now and was "line"`},
		"lines of it":     {func(c *Config) { c.Sources = []Source{{Name: "web", Kind: "order-lines", Zone: "Asia/Tokyo"}} }, ""},
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
