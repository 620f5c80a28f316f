package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"clientele/engine/config"
)

// The quality chapter of a run's report, over a shop that sells daily from 1
// April to 29 June and whose file of ten days in May is missing. Ann's two ids
// have an e-mail address in common.
func TestQualityChapter(t *testing.T) {
	e := workspace(t)
	e.Config.Output.Reports = []string{"en", "zh"}
	e.Config.Checks = []config.Check{{Name: "amounts", Table: "orders", Column: "net", Max: number(50), Severity: "warning"}}
	var text strings.Builder
	fmt.Fprintln(&text, "order_id,customer,email,date,amount")
	order := func(day string, amount string) {
		fmt.Fprintf(&text, "%s,c%d,c%d@home.example,%s,%s\n", day, text.Len()%7, text.Len()%7, day, amount)
	}
	for month, days := range map[int]int{4: 30, 5: 31, 6: 29} {
		for day := 1; day <= days; day++ {
			if month != 5 || day < 11 || day > 20 {
				order(fmt.Sprintf("2026-%02d-%02d", month, day), fmt.Sprint(day))
			}
		}
	}
	order("2026-06-30", "1380013x") // a telephone number where an amount should be
	fmt.Fprintln(&text, "a1,ann,ann@home.example,2026-06-28,99\na2,ann2,ann@home.example,2026-06-29,1")
	s := source("orders", write(t, e, "orders.csv", text.String()))
	e.Config.Sources, e.Config.Rejects.Limit = []config.Source{s}, 0.5
	if _, err := e.Run(context.Background(), "latest", false); err != nil {
		t.Fatal(err)
	}
	for lang, want := range map[string][]string{
		"en": {
			"<td>amounts</td><td>orders</td><td>net</td><td>warning</td>", "9999999x</td><td>orders.csv, line ", "In orange 1 unusual gap, 10 days in all",
			`<td class="number">2026-05-11</td><td class="number">2026-05-20</td><td class="number">10</td>`,
			`<td>orders</td><td>orders</td><td class="number">2026-04-01</td><td class="number">2026-06-29</td><td class="number">0</td><td class="number">2026-07-01</td>`,
			"<td>e-mail address</td>", "1 customer id joined another one&#39;s customer", "No source of orders has been silent",
		},
		"zh": {"未通过的检查", "<td>警告</td>", "橙色为 1 处异常间断，共 10 天", "<td>邮箱</td>", "没有订单来源出现异常长时间的静默"},
	} {
		page := string(runFile(t, e, "2026-06-29", "report."+lang+".html"))
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the page does not say %s", lang, text)
			}
		}
		for _, secret := range []string{"1380013", "@home.example", "net=99"} {
			if strings.Contains(page, secret) {
				t.Errorf("%s: the page says %s", lang, secret)
			}
		}
	}
}
