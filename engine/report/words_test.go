package report

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// readerReasons are the reasons of rejects and of files given up, as package
// ingest and its formats give them, one of each wording.
// TestEveryReasonIsListed reads the sources for those that are not here.
func readerReasons() []string {
	return []string{
		// ingest/convert.go, compose.go
		"no value, and one is needed", "not a time of day", "neither yes nor no", "unknown status; say in the configuration what it means",
		"unknown event", "unknown gender", "not a currency", "no customer id, e-mail address or telephone number",
		"neither an order nor a customer", "no product",
		// ingest/instant.go
		"not a date", "no such day", "no such time of day", "a year before 1900", "more than a day after the moment of loading",
		"not a date in year-month-day order; say which it is with --dates dmy or --dates mdy",
		"not a date in day/month/year order; where the month stands first, say so with --dates mdy",
		"not a date in month/day/year order; where the day stands first, say so with --dates dmy",
		// ingest/money.go
		"not a number", "not a number written with a decimal point; set the decimal sign",
		"not a number written with a decimal comma; set the decimal sign", "too large a number", "not a whole number",
		"a percentage, not a number", "another currency than the rest of the column, and there is no column of currencies",
		// ingest/instant.go, of other forms than dates in words
		"a date by week or by day of the year; export it as year-month-day",
		"a zone by letters that have more than one meaning; export times with an offset such as +08:00",
		"a number where the rest of the column has dates", "perhaps a spreadsheet's day number; export dates as text, or say --dates excel",
		"no number of seconds since 1970 as the rest of the column is", "no number of milliseconds since 1970 as the rest of the column is",
		"no number of microseconds since 1970 as the rest of the column is", "no day number of a spreadsheet as the rest of the column is",
		// ingest/fold.go, rates.go
		"no rate from USD to CNY on or before 2024-05-01", "no rate from USD to CNY on 2024-05-01", "amounts in USD have no day on which to convert them to CNY",
		"the row is not CSV: a bare quote", "the row has another number of cells than the header, which has 4", "too large a rate: 9,000,000 or more",
		// ingest/items.go
		"not a list of items: a JSON array of objects, or name:..|sku:..|quantity:..|total:..",
		// ingest/text.go
		"id spoilt by a spreadsheet; export the column as text", "not valid UTF-8; set the encoding of the file",
		// ingest/csv
		"row has 1 cell, header has 17", "row has 12 cells, header has 17",
		"row has 3 cells, header has 4 and the other rows end with one empty cell more",
		"row holds a NUL byte", "row is not valid UTF-8", "row is not valid GB18030", "row is not valid UTF-16", "row is not valid windows-1252",
		"text after a closing quote", "a quote is opened and never closed",
		"belongs to the row of line 12: text after a closing quote", "belongs to the row of line 1204: a quote is opened and never closed",
		"a quote opened in the row that begins here is not closed within 16 MB", "the row that begins here is longer than 16 MB",
		// ingest/jsonl
		"the line is longer than 16 MB", "is not a JSON object", "not JSON: the line ends too early", "row holds a NUL character",
		"values are nested too deep", `not JSON: \u without four hexadecimal digits`,
		"not JSON: unexpected 'x' after the object", `not JSON: unexpected '\'' where a key should begin`, "not JSON: unexpected '}' after a key",
		"not JSON: unexpected '\"' after a value", `not JSON: unexpected '\x00' where a value should begin`,
		"not JSON: unexpected 'e' in a number", `not JSON: unexpected '\n' in a string`, "not JSON: unexpected 'ÿ' after a backslash",
		// ingest/parquet
		"not valid UTF-8", "holds a NUL character",
	}
}

// english finds a word of English; the names of formats, marks and numbers are none.
func english(text string) string {
	for _, w := range regexp.MustCompile(`[A-Za-z][a-z]+`).FindAllString(regexp.MustCompile(`'.*'|--dates (dmy|mdy|excel)|UTF-8|UTF-16|windows-1252|JSON|CSV|USD|CNY|Gamma-Gamma|Pareto/NBD|M?BG/C?NBD(-\d)?|CNBD-\d|GB18030|grid125|r-rfm-0\.2`).ReplaceAllString(text, ""), -1) {
		if w != "cn" && w != "rf" {
			return w
		}
	}
	return ""
}

func TestReasonsInWords(t *testing.T) {
	for _, r := range readerReasons() {
		if got := (printer{}).reason(r); got != r {
			t.Errorf("%q in English: %q", r, got)
		}
		zh := printer{zh: true}.reason(r)
		if zh == r || english(zh) != "" {
			t.Errorf("%q in Chinese: %q", r, zh)
		}
		// What varies is carried over.
		for _, n := range regexp.MustCompile(`\d+`).FindAllString(strings.TrimPrefix(r, "not a"), -1) {
			if !strings.Contains(zh, n) {
				t.Errorf("%q in Chinese: %q lacks %s", r, zh, n)
			}
		}
		if !slices.ContainsFunc(reasons(), func(p phrase) bool { return regexp.MustCompile("^(?:" + p.form + ")$").MatchString(r) }) {
			t.Errorf("%q has no phrase", r)
		}
	}
	for _, f := range reasons() { // and no phrase that nothing says
		if !slices.ContainsFunc(readerReasons(), regexp.MustCompile("^(?:"+f.form+")$").MatchString) {
			t.Errorf("phrase %s is of no reader", f.form)
		}
	}
	if got := (printer{zh: true}).reason("row has 12 cells, header has 17"); got != "该行有 12 个单元格，表头有 17 个" {
		t.Error(got)
	}
	if got := (printer{zh: true}).reason("what nobody foresaw"); got != "what nobody foresaw" {
		t.Errorf("an unknown reason became %q", got)
	}
}

// Every wording in the sources of the readers is in readerReasons: constants
// named reason..., texts handed to reject, errors of the JSON parser, the
// Reason of a Reject.
func TestEveryReasonIsListed(t *testing.T) {
	files := 0
	found := map[string]string{}
	root := filepath.Join("..", "..", "ingest")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "ingesttest") {
			return err
		}
		files++
		tree, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, text := range reasonTexts(tree, strings.HasSuffix(path, filepath.Join("jsonl", "parser.go"))) {
			found[text] = path
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 10 || len(found) < 35 {
		t.Fatalf("%d texts in %d files: the search finds too little", len(found), files)
	}
	for text, path := range found {
		// A text with verbs, or the beginning of one, stands for its forms.
		form := regexp.QuoteMeta(text)
		form = strings.NewReplacer("%d", `\d+`, "%s", ".*", "%q", "'.*'").Replace(form)
		if !slices.ContainsFunc(readerReasons(), regexp.MustCompile("^(?s:"+form+")").MatchString) {
			t.Errorf("%s: %q is not in readerReasons", path, text)
		}
	}
}

// reasonTexts are the string literals of a file that become reasons.
func reasonTexts(tree *ast.File, errorsToo bool) []string {
	var texts []string
	literals := func(n ast.Node) {
		ast.Inspect(n, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil && strings.Contains(strings.Trim(s, " "), " ") {
					texts = append(texts, strings.TrimRight(s, " "))
				}
			}
			return true
		})
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if len(n.Values) > 0 && strings.HasPrefix(n.Names[0].Name, "reason") {
				literals(n)
			}
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok && (id.Name == "reason" || id.Name == "first") {
					for _, right := range n.Rhs {
						if call, ok := right.(*ast.CallExpr); ok && id.Name == "first" && len(call.Args) > 0 {
							continue // an error of a file, no reason of a row
						}
						literals(right)
					}
				}
			}
		case *ast.FuncDecl:
			// Functions whose result is named reason, and the long rows of CSV.
			if n.Type.Results != nil {
				for _, r := range n.Type.Results.List {
					if len(r.Names) > 0 && r.Names[0].Name == "reason" {
						returned(n, literals)
					}
				}
			}
			if n.Name.Name == "tooLong" {
				returned(n, literals)
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Reason" {
				literals(n.Value)
			}
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
			case *ast.Ident:
				name = f.Name
			}
			if name == "reject" || errorsToo && (name == "New" || name == "Errorf") {
				for _, arg := range n.Args {
					literals(arg)
				}
			}
		}
		return true
	})
	return texts
}

// returned hands over the results of the return statements of a function.
func returned(f *ast.FuncDecl, each func(ast.Node)) {
	ast.Inspect(f, func(n ast.Node) bool {
		if r, ok := n.(*ast.ReturnStmt); ok {
			each(r)
		}
		return true
	})
}

// Names of models that are fitted by group, and of what they estimate.
func TestGroupsInWords(t *testing.T) {
	for key, want := range map[string][2]string{
		"pareto_nbd/(groups)":      {"Pareto/NBD, groups together", "Pareto/NBD，各组合计"},
		"gamma_gamma/(pooled)":     {"Gamma-Gamma, other groups pooled", "Gamma-Gamma，其余各组合并"},
		"mbg_cnbd_2/Hong Kong/New": {"MBG/CNBD-2, Hong Kong/New", "MBG/CNBD-2，Hong Kong/New"},
		"churn_risk":               {"Churn risk", "流失风险"},
	} {
		if en, zh := (printer{}).titled(key), (printer{zh: true}).titled(key); en != want[0] || zh != want[1] {
			t.Errorf("%s: %q, %q", key, en, zh)
		}
	}
	for key, want := range map[string][2]string{
		"alpha":                          {"alpha", "alpha"},
		"trans.acquired_channel=微信":      {"buying (acquisition channel 微信)", "购买频率（获客渠道 微信）"},
		"trans.acquired_channel=(other)": {"buying (acquisition channel rare or unknown)", "购买频率（获客渠道 较少见或未知）"},
		"life.age":                       {"leaving (age)", "流失（年龄）"},
		"life.age=(unknown)":             {"leaving (age unknown)", "流失（年龄 未知）"},
		"aic_gain":                       {"AIC lower by", "AIC 降低"},
		"orders_365":                     {"orders_365", "近 365 天订单"},
	} {
		if en, zh := (printer{}).parameter(key), (printer{zh: true}).parameter(key); en != want[0] || zh != want[1] {
			t.Errorf("%s: %q, %q", key, en, zh)
		}
	}
	for v, want := range map[float64]string{0: "<1e-16", 1e-5: "1.000e−05", 0.2: "0.2"} {
		if got := (printer{}).estimate(Parameter{"p_value", v}); got != want {
			t.Errorf("p of %v is %s", v, got)
		}
	}
}

// What the models say in Method, as of models/*: every text has a Chinese form,
// and neither language shows an identifier.
func TestMethodsInWords(t *testing.T) {
	for _, c := range [][3]string{
		{"pareto_nbd", "Pareto/NBD", "Pareto/NBD 模型"},
		{"nbd", "NBD, without churn", "NBD 模型（不含流失）"},
		{"bg_nbd", "BG/NBD", "BG/NBD 模型"},
		{"mbg_nbd", "MBG/NBD", "MBG/NBD 模型"},
		{"bg_cnbd_2", "BG/CNBD-2", "BG/CNBD-2 模型"},
		{"mbg_cnbd_4", "MBG/CNBD-4", "MBG/CNBD-4 模型"},
		{"cnbd_2", "CNBD-2, without churn", "CNBD-2 模型（不含流失）"},
		{"purchase_model", "probability of the purchase model", "复购模型给出的概率"},
		{"logistic_regression", "logistic regression", "逻辑回归"},
		{"boosted_trees", "boosted trees", "梯度提升树"},
		{"recency", "plain rule: recency alone", "简单规则：仅按最近购买时间"},
		{"frequency_recency", "plain rule: frequency, then recency", "简单规则：先按购买频次、再按最近购买时间"},
		{"base_rate", "base rate", "总体流失率"},
		{"last_window", "what came in the last closed window", "最近一个已结束窗口的实际值"},
		{"pooled_rate", "pooled purchase rate", "购买频率向全体均值收缩"},
		{"gamma_gamma", "Gamma-Gamma", "Gamma-Gamma 模型"},
		{"shrunk_mean", "shrunk mean spend", "平均消费额向客户中位数收缩"},
		{"none", "none", "无"},
		{"by acquired_channel", "fits by acquisition channel", "按获客渠道分组拟合"},
		{"by cohort", "fits by year of the first purchase", "按首购年份分组拟合"},
		{"pooled", "the fit of the other groups", "其余各组的合并拟合"},
		{"all_customers", "the fit of all customers", "全体客户的拟合"},
		{"discounted_orders_times_spend", "discounted orders times spend", "折现订单数 × 消费额"},
		{"thresholds on churn_risk", "thresholds on churn risk", "按流失风险阈值划分"},
		{"rules on days", "rules on days", "按天数规则划分"},
		{"grid125; cn8 by mean of values", "scheme grid125; cn8 by mean of values", "方案 grid125；cn8 八类按数值均值划分"},
		{"rf25; cn8 by mean of scores", "scheme rf25; cn8 by mean of scores", "方案 rf25；cn8 八类按得分均值划分"},
		{"cn8 by mean of scores, money is average order value", "cn8 by mean of scores, money is average order value", "cn8 八类按得分均值划分，金额取平均订单金额"},
		{"r-rfm-0.2 (own bins: type-7 quantile + 1, low <= v < high); cn8 by mean of values",
			"scheme r-rfm-0.2 (own bins: type-7 quantile + 1, low ≤ v < high); cn8 by mean of values",
			"方案 r-rfm-0.2（自有分箱：第 7 类分位数 + 1，下限 ≤ 值 < 上限）；cn8 八类按数值均值划分"},
		{"custom, own cut points of recency, frequency, money, money is average order value; cn8 by mean of values",
			"own scheme, own cut points of recency, frequency, money, money is average order value; cn8 by mean of values",
			"自定义方案，自定义最近消费、消费频次、消费金额分界点，金额取平均订单金额；cn8 八类按数值均值划分"},
		{"grid125, own cut points of frequency, money; cn8 by mean of values", "scheme grid125, own cut points of frequency, money; cn8 by mean of values",
			"方案 grid125，自定义消费频次、消费金额分界点；cn8 八类按数值均值划分"},
		{"what nobody, foresaw", "what nobody, foresaw", "what nobody, foresaw"},
		{"", "", ""},
	} {
		en, zh := printer{}.method(c[0]), printer{zh: true}.method(c[0])
		if en != c[1] || zh != c[2] {
			t.Errorf("%q: %q, %q", c[0], en, zh)
		}
		if strings.Contains(en, "_") || c[0] != c[2] && english(zh) != "" {
			t.Errorf("%q holds an identifier or English: %q, %q", c[0], en, zh)
		}
	}
}
