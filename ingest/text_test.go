package ingest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestIDs(t *testing.T) {
	for _, c := range []struct{ in, want, reason string }{
		{"17850", "17850", ""},
		{" 17850\t", "17850", ""},
		{"\ufeff17850\u00a0", "17850", ""},
		{"　会员7　", "会员7", ""},
		{"'0123", "0123", ""},
		{`="0123"`, "0123", ""},
		{`="'0123"`, "0123", ""},
		{`"0123"`, "0123", ""},
		{"C536379", "C536379", ""},
		{"1E5", "1E5", ""}, // a code; a spreadsheet writes 1E+05
		{"A+1", "A+1", ""},
		{"1.23E+17", "", reasonSpoiltID},
		{"1,23E+17", "", reasonSpoiltID}, // where the decimal sign is a comma
		{"4e+10", "", reasonSpoiltID},
		{"1.2.3E+17", "1.2.3E+17", ""},
		{"１．２３Ｅ＋１７", "", reasonSpoiltID},
		{"caf\xe9", "caf\xe9", reasonNotUTF8},
		{"\u200b17850\u200d\u2060", "17850", ""},
		{"\u202a17850\u202c", "17850", ""}, // marks of the direction of writing
		{"'17850'", "17850", ""},
		{"１７８５０", "17850", ""},
		{"＇０１２３", "0123", ""},
		{"ＡＢ－１２", "AB-12", ""},
		{"ｶﾌﾞ12", "カブ12", ""},
		{"e\u0301", "\u00e9", ""}, // one letter, written as two
		{"123.0", "123", ""},
		{"0.0", "0", ""},
		{"123.00", "123.00", ""},
		{"1.2.0", "1.2.0", ""},
		{".0", ".0", ""},
		{"A1.0", "A1.0", ""},
		{"123.5", "123.5", ""},
		{"１２３．０", "123", ""},
		{"", "", ""}, {"NULL", "", ""}, {"nan", "", ""}, {"N/A", "", ""}, {"#N/A", "", ""}, {`\N`, "", ""}, {"-", "", ""}, {"--", "", ""},
		{"None", "", ""}, {"无", "", ""}, {"未知", "", ""}, {"'", "", ""},
		{"nancy", "nancy", ""}, {"Noah", "Noah", ""}, {"u1", "u1", ""}, {"无印", "无印", ""},
	} {
		id, reason := cleanID([]byte(c.in), false)
		if reason != c.reason || reason == "" && string(id) != c.want {
			t.Errorf("%q is %q %s, want %q %s", c.in, id, reason, c.want, c.reason)
		}
	}
}

func TestAddresses(t *testing.T) {
	for in, want := range map[string]string{
		"ada@example.com": "ada@example.com", " Ada.L@Example.COM\t": "ada.l@example.com", "mailto:a@b.cd": "a@b.cd", "用户@例子.中国": "用户@例子.中国", "ÄB@c.de": "äb@c.de",
		"a+b@c.de": "a+b@c.de", "": "", "ada": "", "@b.cd": "", "a@b": "", "a@.b": "", "a@b.": "", "a@@b.cd": "", "a@b@c.de": "", "a b@c.de": "", "a***@b.cd": "", "##cb2f##": "", "a..b@c.de": "",
		"n/a": "", "a@b.cd;c@d.ef": "", "a@b.c\xff": "", strings.Repeat("a", 250) + "@b.cd": "",
		"Ada L <Ada@Example.com>": "ada@example.com", "<a@b.cd>": "a@b.cd", `"a@b.cd"`: "a@b.cd", "'a@b.cd": "a@b.cd", `="a@b.cd"`: "a@b.cd", "MAILTO:a@b.cd?subject=x": "a@b.cd", "Ada <mailto:a@b.cd>": "a@b.cd",
		"ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ": "ada@example.com", "\u200ba@b.cd\u200b": "a@b.cd", "a@b.cd <c@d.ef": "", "a***@b.com": "", "ＡＤＡ＊＊＠b.com": "", "~AgAAAAB~abc~": "", "$abc$def$": "",
		"none@none": "", "E\u0301@b.cd": "\u00e9@b.cd",
	} {
		got, ok := appendEmail([]byte("x"), []byte(in))
		if ok != (want != "") || string(got) != "x"+want {
			t.Errorf("e-mail %q is %q %v, want %q", in, got, ok, want)
		}
	}
}

func TestKeyEmail(t *testing.T) {
	for in, want := range map[string]bool{
		"ada@example.com": true, "a@b.cd": true, "info@shop.de": true, "smith@smith.com": true, "li.na@qq.com": true, "12345@qq.com": true, "testa.rossa@b.it": true, "nora@b.no": true, "no@fjord.no": false,
		"noreply@shop.com": false, "no-reply@shop.com": false, "no_reply@amazon.com": false, "do-not-reply@b.cd": false, "none@none.com": false, "none@gmail.com": false, "null@b.cd": false, "n.a@b.cd": false,
		"test@test.com": false, "test@b.cd": false, "a@a.com": false, "aaa@aaa.com": false, "qq@qq.com": false, "abc@abc.com": false, "aaaa@b.cd": false, "00000@b.cd": false, "unknown@shop.com": false, "x@y.test": false, "x@y.invalid": false,
		"ada@noemail.com": false, "a-very-long-name-of-somebody@b.cd": true, "": false, "@": false,
	} {
		if got := keyEmail([]byte(in)); got != want {
			t.Errorf("%q is a key: %v, want %v", in, got, want)
		}
	}
}

func TestHidden(t *testing.T) {
	for in, name := range map[string]bool{
		"张*": true, "李**": true, "J*** D***": true, "t***n": true, "张＊": true, "王●●": true, "##cb2f##": true, "$Yh2kq8Zb$aGVsbG8=$1$": true, "~AgAAAAB7Xk~aGVsbG8=~1~": true,
		"": false, "张三": false, "Ada": false, "~Bob~": false, "$ave": false, "$ave a lot of money$": false, "#1 fan": false, "~": false,
	} {
		if got := hidden([]byte(in)); got != name {
			t.Errorf("%q is hidden: %v, want %v", in, got, name)
		}
	}
	for in, address := range map[string]bool{"北京市朝阳区****": true, "##x##": true, "5*2 High St": false, "幸福路＊＊号": true, "": false} {
		if got := hiddenAddress([]byte(in)); got != address {
			t.Errorf("address %q is hidden: %v, want %v", in, got, address)
		}
	}
}

// What platforms hide and what people make up is nobody's key, and what is hidden
// is no contact either.
func TestNobodysKeys(t *testing.T) {
	opt := with(options("orders"), func(o *Options) { o.Key = []byte("k") })
	got := load(t, opt, 10, "order_id|customer_id|date|email|phone",
		"1|t***n|2024-01-31||",
		"2|t***n|2024-01-31|noreply@shop.com|",
		"3||2024-01-31|Test@Test.com|186****0005",
		"4||2024-01-31|a***@b.com|13800000000",
		"5||2024-01-31|none@none.com|0571-88881234 转 801",
		"6|7|2024-01-31|noreply@shop.com|",
	)
	want := []string{"<nil>", "<nil> noreply@shop.com", "<nil> test@test.com", "<nil>", opaqueID("k", "phone:+8657188881234") + " none@none.com +8657188881234", "7 noreply@shop.com"}
	for i, row := range got.rows {
		shown := "<nil>"
		if key, ok := row["customer_key"]; ok {
			shown = key
		}
		shown = strings.Join(strings.Fields(shown+" "+row["email"]+" "+row["phone"]), " ")
		if shown != want[i] {
			t.Errorf("row %d is %s, want %s", i, shown, want[i])
		}
	}
	got = load(t, options("customers"), 10, "customer_id|name|address", "1|张*|北京市****", "2|李娜|5*2 High St", "3|~AgAAAAB7Xk~aGVsbG8=~1~|##x")
	if len(got.rows) != 3 || got.rows[0]["name"]+got.rows[0]["address"] != "" || got.rows[1]["name"] != "李娜" || got.rows[1]["address"] != "5*2 High St" || got.rows[2]["name"]+got.rows[2]["address"] != "" {
		t.Errorf("customers %v", got.rows)
	}
	got = load(t, options("customers"), 10, "customer_id|first_name|last_name", "1|J***|D***", "2|娜|李")
	if len(got.rows) != 2 || got.rows[0]["name"] != "" || got.rows[1]["name"] != "李娜" {
		t.Errorf("names %v", got.rows)
	}
}

// Rounded order ids refuse the file with one error; rounded ids of customers
// reject their rows.
func TestSpoiltIDs(t *testing.T) {
	rows := []string{"订单编号|会员号|下单时间", "17|1|2024-01-31"}
	for range 14 {
		rows = append(rows, "1.23E+17|1|2024-01-31")
	}
	const tail = ": export again as text, and do not open the CSV in a spreadsheet before loading"
	for _, c := range []struct {
		rows []string
		want string
	}{
		{rows[:3], `column "订单编号": order ids such as 1.23E+17 were rounded by a spreadsheet and have lost digits (lines 3)` + tail},
		{rows[:5], `column "订单编号": order ids such as 1.23E+17 were rounded by a spreadsheet and have lost digits (lines 3, 4, 5)` + tail},
		{rows, `column "订单编号": order ids such as 1.23E+17 were rounded by a spreadsheet and have lost digits (lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and more)` + tail},
	} {
		for _, size := range []int{1, 4, 100} {
			for _, stop := range []error{nil, errors.New("too many rejects")} {
				path, open := sheet(t, size, c.rows...)
				f, err := Open(context.Background(), path, options("orders"), open)
				if err != nil {
					t.Fatal(err)
				}
				err = f.Load(context.Background(), func(chunk *Chunk) error {
					if chunk.Rejects != nil {
						return stop
					}
					return nil
				})
				if err == nil || stop == nil && err.Error() != path+": "+c.want || !strings.HasSuffix(err.Error(), tail) {
					t.Errorf("%v, want %s", err, c.want)
				}
			}
		}
	}
	got := load(t, options("orders"), 10, "order_id|customer_id|date", "1|1.23E+17|2024-01-31", "2|7.0|2024-01-31")
	if len(got.rows) != 1 || got.rows[0]["customer_key"] != "7" || len(got.rejects) != 1 || got.rejects[0].Reason != reasonSpoiltID {
		t.Errorf("customers' ids: %v %+v", got.rows, got.rejects)
	}
}

// What statuses of platforms mean follows the lists in reference/export_headers.json.
func TestStatuses(t *testing.T) {
	w := newCodes(words("status"), Statuses())
	for in, want := range map[string]string{
		"Complete": "completed", "Canceled": "cancelled", "Closed": "refunded", "Suspected Fraud": "unpaid", "On Hold": "unpaid", "Payment Review": "unpaid",
		"Pending": "unpaid", "Pending Payment": "unpaid", "Processing": "paid", // Magento
		"等待买家付款": "unpaid", "买家已付款,等待卖家发货": "paid", "买家已付款，等待卖家发货": "paid", "卖家已发货,等待买家确认": "shipped", "卖家已发货，等待买家确认": "shipped", "交易成功": "completed", "交易关闭": "cancelled", "退款成功": "refunded", // Taobao
		"paid": "paid", "partially_refunded": "paid", "PARTIALLY REFUNDED": "paid", "voided": "cancelled", "authorized": "unpaid", // Shopify
		"wc-completed": "completed", "on-hold": "unpaid", "Shipped": "shipped", "Unshipped": "paid", "": "", "NULL": "", "-": "", "frobnicated": "?",
	} {
		got := "?"
		switch code := w.of([]byte(in)); {
		case code == codeNone:
			got = ""
		case code >= 0:
			got = Statuses()[code]
		}
		if got != want {
			t.Errorf("status %q is %q, want %q", in, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		list   string
		labels []string
		want   map[string]string
	}{
		{"event", Events(), map[string]string{"processed": "sent", "open": "opened", "click": "clicked", "bounce": "bounced", "dropped": "bounced", "spamreport": "complained",
			"unsubscribe": "unsubscribed", "group_unsubscribe": "unsubscribed", // SendGrid
			"Received Email": "sent", "Opened Email": "opened", "Clicked Email": "clicked", "Bounced Email": "bounced", "Marked Email as Spam": "complained", "Placed Order": "converted", // Klaviyo
			"打开": "opened", "退订": "unsubscribed", "Assigned": "assigned", "deferred": "other", "danced": "?"}},
		{"gender", Genders(), map[string]string{"F": "female", "男": "male", "保密": "", "Non-binary": "other", "Ｆ": "female", "17": "?"}},
		{"bool", []string{"false", "true"}, map[string]string{"Y": "true", "yes": "true", "TRUE": "true", "1": "true", "是": "true", "No": "false", "0": "false", "否": "false", "未订阅": "false", "": "", "2": "?"}},
	} {
		w := newCodes(words(c.list), c.labels)
		for in, want := range c.want {
			for range 2 { // the second time it is remembered
				got := "?"
				if code := w.of([]byte(in)); code == codeNone {
					got = ""
				} else if code >= 0 {
					got = c.labels[code]
				}
				if got != want {
					t.Errorf("%s %q is %q, want %q", c.list, in, got, want)
				}
			}
		}
	}
	for in, want := range map[string]string{"cny": "CNY", "RMB": "CNY", "rmb": "CNY", "¥": "CNY", "￥": "CNY", "人民币": "CNY", "$": "USD", "US$": "USD", "€": "EUR", "Euro": "EUR", "chf": "CHF", "doubloons": ""} {
		if got, ok := currencyOf([]byte(in)); got != want || ok != (want != "") {
			t.Errorf("currency %q is %q", in, got)
		}
	}
}

// trim is bytes.TrimFunc with a shorter way for cells without blanks.
func TestTrim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(rapid.StringOf(rapid.SampledFrom([]rune(" \t\u00a0\u3000\ufeff\u200b\u2060ab漢"))).Draw(t, "s"))
		if got, want := trim(s), bytes.TrimFunc(s, blank); !bytes.Equal(got, want) {
			t.Fatalf("%q is trimmed to %q, want %q", s, got, want)
		}
	})
}

// absentWord takes short cuts; folding and looking up is what it means.
func TestAbsentWord(t *testing.T) {
	slow := func(b []byte) bool {
		f := fold(string(b))
		_, ok := words("absent")[f]
		return f == "" || ok || f == "–" || f == "—"
	}
	for w := range words("absent") {
		for _, s := range []string{w, strings.ToUpper(w), " " + w} {
			if !absentWord(trim([]byte(s))) {
				t.Errorf("%q is not absent", s)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := trim([]byte(rapid.StringOfN(rapid.SampledFrom([]rune("nNuUlLaA/#\\-._ 无空暂未知oe1")), 0, 8, 15).Draw(t, "s")))
		if got, want := absentWord(s), slow(s); got != want {
			t.Fatalf("%q absent is %v, want %v", s, got, want)
		}
	})
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"17850", `="0123"`, "1.23E+17", "ada@example.com", "+86 138-0013-8000", "186****05", "N/A", "无", "买家已付款,等待卖家发货"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := []byte(s)
		if id, reason := cleanID(b, false); reason == "" && id != nil {
			if !utf8.Valid(id) || len(id) == 0 || len(trim(id)) != len(id) {
				t.Fatalf("id of %q is %q", s, id)
			}
			if known, _ := cleanID(b, true); !bytes.Equal(known, id) {
				t.Fatalf("id of %q is %q, known to be UTF-8 %q", s, id, known)
			}
		}
		if mail, ok := appendEmail(nil, b); ok {
			if again, ok := appendEmail(nil, mail); !ok || !bytes.Equal(again, mail) {
				t.Fatalf("e-mail of %q is %q, and of that %q", s, mail, again)
			}
		}
		w := newCodes(words("status"), Statuses())
		if first, second := w.of(b), w.of(b); first != second {
			t.Fatalf("the status of %q varies", s)
		}
	})
}

// What a platform hides of people is counted by column, said, and nobody's key.
func TestMaskedCells(t *testing.T) {
	got := load(t, options("orders"), 2, "order_id|customer_id|member_id|email|phone|customer_name|first_name|address|date",
		"1|138****5997|186****05|a***@x.com|138****5997|王**|A*|浙江省 ** 路|2024-01-31",
		"2|ann|M1|ann@x.com|13800138000|Ann|Ann|Road 1*|2024-01-31",
		"3|##abc##|~AbCdEfGhIjKl~||1******6198|||2024-01-31|2024-01-31")
	for _, want := range []string{
		`column "customer_id": 2 masked values, taken as absent`,
		`column "member_id": 2 masked values, taken as absent`,
		`column "email": 1 masked value, taken as absent`,
		`column "phone": 2 masked values, taken as absent`,
		`column "customer_name": 1 masked value, taken as absent`,
		`column "first_name": 1 masked value, taken as absent`,
		`column "address": 1 masked value, taken as absent`,
	} {
		hasNote(t, got, want)
	}
	for i, who := range []string{"", "ann", ""} {
		if r := got.rows[i]; r["customer_key"] != who || (r["member_id"] != "") != (who != "") {
			t.Errorf("row %v", r)
		}
	}
	got = load(t, options("orders"), 2, "order_id|customer_id|date", "1|ann|2024-01-31")
	for _, n := range got.file.Notes {
		if strings.Contains(n, "masked") {
			t.Errorf("nothing is masked, and a note says %q", n)
		}
	}
}
