package ingest

import (
	"bytes"
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
		{"caf\xe9", "caf\xe9", reasonNotUTF8},
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
	} {
		got, ok := appendEmail([]byte("x"), []byte(in))
		if ok != (want != "") || string(got) != "x"+want {
			t.Errorf("e-mail %q is %q %v, want %q", in, got, ok, want)
		}
	}
	for in, want := range map[string]string{
		"13800138000": "+8613800138000", "8613800138000": "+8613800138000", "+1 415 555 2671": "+14155552671", "+86 138-0013-8000": "+8613800138000", "0086 13800138000": "+8613800138000", "(020) 7946.0018": "02079460018", "１３８００１３８０００": "+8613800138000",
		"'13800138000": "+8613800138000", "tel:+49301234567": "+49301234567", "": "", "186****0005": "", "186******05": "", "1******6198": "", "1.38E+10": "", "1234": "", "1234567890123456": "", "n/a": "", "12345x6": "", "+": "", "138+00138000": "",
	} {
		got, ok := appendPhone([]byte("x"), []byte(in))
		if ok != (want != "") || string(got) != "x"+want {
			t.Errorf("phone %q is %q %v, want %q", in, got, ok, want)
		}
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
		s := []byte(rapid.StringOf(rapid.SampledFrom([]rune(" \t\u00a0\u3000\ufeffab漢"))).Draw(t, "s"))
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
		}
		if mail, ok := appendEmail(nil, b); ok {
			if again, ok := appendEmail(nil, mail); !ok || !bytes.Equal(again, mail) {
				t.Fatalf("e-mail of %q is %q, and of that %q", s, mail, again)
			}
		}
		if phone, ok := appendPhone(nil, b); ok {
			if again, ok := appendPhone(nil, phone); !ok || !bytes.Equal(again, phone) {
				t.Fatalf("phone of %q is %q, and of that %q", s, phone, again)
			}
		}
		w := newCodes(words("status"), Statuses())
		if first, second := w.of(b), w.of(b); first != second {
			t.Fatalf("the status of %q varies", s)
		}
	})
}
