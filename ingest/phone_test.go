package ingest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

func TestPhones(t *testing.T) {
	for _, c := range []struct{ region, in, want string }{
		{"", "13800138000", "+8613800138000"},
		{"", "8613800138000", "+8613800138000"},
		{"", "+8613800138000", "+8613800138000"},
		{"", "+86 138-0013-8000", "+8613800138000"},
		{"", "0086 13800138000", "+8613800138000"},
		{"", "(+86)13800138000", "+8613800138000"},
		{"", "１３８００１３８０００", "+8613800138000"},
		{"", "＋８６　１３８００１３８０００", "+8613800138000"},
		{"", "'13800138000", "+8613800138000"},
		{"", `="13800138000"`, "+8613800138000"},
		{"", "tel:13800138000", "+8613800138000"},
		{"", "手机：13800138000（微信同号）", "+8613800138000"},
		{"", "\u202d13800138000\u202c", "+8613800138000"},
		{"", "13800138000.0", "+8613800138000"},
		{"", "138—0013—8000", "+8613800138000"},
		{"", "0571-88881234", "+8657188881234"},
		{"", "（0571）88881234", "+8657188881234"},
		{"", "0571 8888 1234", "+8657188881234"},
		{"", "+86 571 88881234", "+8657188881234"},
		{"", "+86 0571 88881234", "+8657188881234"},
		{"", "86-571-88881234", "+8657188881234"},
		{"", "010-62345678", "+861062345678"},
		{"", "0571-88881234-801", "+8657188881234"},
		{"", "0571-88881234转801", "+8657188881234"},
		{"", "0571-88881234 分机 801", "+8657188881234"},
		{"", "0571-88881234 ext. 801", "+8657188881234"},
		{"", "0571-88881234x801", "+8657188881234"},
		{"", "400-820-8820", "+864008208820"},
		{"", "13800138000/13900139000", "+8613800138000"},
		{"", "13800138000、13900139000", "+8613800138000"},
		{"", "13800138000 13900139000", "+8613800138000"},
		{"", "13800138000\n13900139000", "+8613800138000"},
		{"", "12345；13900139000", "+8613900139000"},
		{"", "186****0005, 13900139000", "+8613900139000"},
		{"", "+1 415 555 2671", "+14155552671"},
		{"", "442079460018", "+442079460018"},
		{"GB", "14155552671", "+14155552671"},
		{"", "14155552671", ""}, // more likely a Chinese mobile number with a wrong digit
		{"", "+44 (0)20-7946 0018", "+442079460018"},
		{"", "00442079460018", "+442079460018"},
		{"", "+852 5123 4567", "+85251234567"},
		{"", "+39 06 6982 1234", "+390669821234"}, // Italy keeps the zero
		{"", "(020) 7946.0018", "+862079460018"},  // Guangzhou
		{"US", "(415) 555-2671", "+14155552671"},
		{"US", "1-415-555-2671", "+14155552671"},
		{"US", "415.555.2671 x12", "+14155552671"},
		{"US", "011 44 20 7946 0018", "+442079460018"},
		{"US", "8613800138000", "+8613800138000"},
		{"US", "13800138000", ""},
		{"GB", "020 7946 0018", "+442079460018"},
		{"GB", "07911 123456", "+447911123456"},
		{"DE", "030/1234567", "+49301234567"},
		{"HK", "5123 4567", "+85251234567"},
		{"IT", "06 6982 1234", "+390669821234"},

		{"", "", ""}, {"", "n/a", ""}, {"", "+", ""}, {"", "1234", ""}, {"", "12345x6", ""},
		{"", "186****0005", ""}, {"", "186******05", ""}, {"", "1******6198", ""}, {"", "138＊＊＊＊1234", ""}, {"", "*****", ""}, {"", "138xxxx1234", ""},
		{"", "##13800138000##", "+8613800138000"}, // nobody encrypts like this
		{"", "$Yh2kq8Zb$aGVsbG8=$1$", ""}, {"", "~AgAAAAB7Xk~aGVsbG8=~1~", ""},
		{"", "1.38E+10", ""}, {"", "138+00138000", ""}, {"", "138001380001", ""}, {"", "1380013800", ""}, {"", "95588", ""}, {"", "88881234", ""}, {"", "15412345678", ""},
		{"", "13800000000", ""}, {"", "+86 13800000000", ""}, {"", "00000000000", ""}, {"", "11111111111", ""}, {"", "12345678", ""}, {"", "12345678901", ""}, {"HK", "22222222", ""}, {"HK", "98765432", ""},
		{"", "13800138000-8001", ""}, {"", "13800138000转8001", ""}, {"", "13800138000,分机8001", "+8613800138000"}, {"", strings.Repeat("13800138000 ", 20), ""}, {"", "1234567890123456", ""},
	} {
		p := newPhones(c.region)
		for range 2 { // the second time it is remembered
			got, ok := p.append([]byte("x"), []byte(c.in))
			if ok != (c.want != "") || string(got) != "x"+c.want {
				t.Errorf("%q in %q is %q %v, want %q", c.in, c.region, got[1:], ok, c.want)
			}
		}
	}
}

// Short cuts give what the whole of the numbering plans' rules gives.
func TestPhonesAgainstLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		region := rapid.SampledFrom([]string{"CN", "US", "GB", "DE", "HK", "IT", "RU"}).Draw(t, "region")
		text := rapid.OneOf(
			rapid.StringMatching(`1[3-9][0-9]{9}`),
			rapid.StringMatching(`0[1-9][0-9]{8,10}`),
			rapid.StringMatching(`[1-9][0-9]{6,10}`),
			rapid.StringMatching(`\+(86|1|44|49|852|39|7)[1-9][0-9]{7,10}`),
			rapid.StringMatching(`\+86 1[3-9][0-9]-[0-9]{4}-[0-9]{4}`),
		).Draw(t, "number")
		got, ok := newPhones(region).append(nil, []byte(text))
		n, err := phonenumbers.Parse(text, region)
		if err != nil || !phonenumbers.IsValidNumber(n) {
			if ok && strings.HasPrefix(text, "+") {
				t.Fatalf("%s in %s is %s and no number", text, region, got)
			}
			return // a country code without its plus is understood here and not there
		}
		if want := phonenumbers.Format(n, phonenumbers.E164); ok && string(got) != want {
			t.Fatalf("%s in %s is %s, want %s", text, region, got, want)
		} else if !ok && plausible(want, phonenumbers.GetNationalSignificantNumber(n)) != "" {
			t.Fatalf("%s in %s is nothing, want %s", text, region, want)
		}
	})
}

// The first four digits of a Chinese mobile number decide, where the fast way says so,
// whatever the fifth.
func TestMobileRanges(t *testing.T) {
	for i, all := range chinaMobiles() {
		for fifth := range uint64(10) {
			if n := (uint64(1300+i)*10+fifth)*1_000_000 + 234_567; all && !assigned(86, n) {
				t.Errorf("%d is not given out", n)
			}
		}
	}
	for text, want := range map[string]string{"+86 174-0600-1234": "", "17405001234": "+8617405001234"} {
		if got, _ := newPhones("CN").append(nil, []byte(text)); string(got) != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
}

func TestPhonesForget(t *testing.T) {
	p := newPhones("CN")
	for i := range maxPhones + 10 {
		p.append(nil, fmt.Appendf(nil, "%d", i))
	}
	if len(p.seen) > maxPhones {
		t.Errorf("%d cells are remembered", len(p.seen))
	}
}

func TestPhonesAllocateNothing(t *testing.T) {
	p := newPhones("CN")
	dst := make([]byte, 0, 64)
	for _, s := range []string{"13800138000", "+86 138-0013-8000", "0571-88881234", "", "186****0005"} {
		cell := []byte(s)
		p.append(dst, cell)
		if n := testing.AllocsPerRun(100, func() { p.append(dst, cell) }); n != 0 {
			t.Errorf("%q allocates %g times", s, n)
		}
	}
}

func TestPhoneRegion(t *testing.T) {
	path, open := sheet(t, 1, "customer_id|phone", "1|07911 123456")
	for region, want := range map[string]string{"GB": "+447911123456", "CN": "", "": ""} {
		got := loadSheet(t, with(options("customers"), func(o *Options) { o.PhoneRegion = region }), path, open)
		if phone := got.rows[0]["phone"]; phone != want {
			t.Errorf("in %q the number is %q, want %q", region, phone, want)
		}
	}
	_, err := Open(t.Context(), path, with(options("customers"), func(o *Options) { o.PhoneRegion = "UK" }), open)
	if want := path + `: region of telephone numbers "UK" is no ISO 3166 code of two capital letters such as CN, US or GB`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func loadSheet(t *testing.T, opt Options, path string, open OpenFunc) loaded {
	t.Helper()
	f, err := Open(t.Context(), path, opt, open)
	if err != nil {
		t.Fatal(err)
	}
	return loadFile(t, f)
}

func FuzzPhones(f *testing.F) {
	for _, s := range []string{"13800138000", "+86 138-0013-8000", "0571-88881234转801", "186****0005", "+44 (0)20-7946 0018", "1/2 +3"} {
		f.Add(s)
	}
	cn, us := newPhones("CN"), newPhones("US")
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range []*phones{cn, us} {
			number, ok := p.append(nil, []byte(s))
			if !ok {
				if len(number) > 0 {
					t.Fatalf("%q is nothing and %q", s, number)
				}
				continue
			}
			if len(number) < 6 || len(number) > 18 || number[0] != '+' || strings.Trim(string(number[1:]), "0123456789") != "" {
				t.Fatalf("%q is %q", s, number)
			}
			if again, ok := p.append(nil, number); !ok || string(again) != string(number) {
				t.Fatalf("%q is %q, and of that %q", s, number, again)
			}
		}
	})
}

func BenchmarkPhones(b *testing.B) {
	for _, s := range []string{"13800138000", "+86 138-0013-8000", "0571-88881234"} {
		b.Run(s, func(b *testing.B) {
			p, cell, dst := newPhones("CN"), []byte(s), make([]byte, 0, 64)
			b.ReportAllocs()
			for range b.N {
				p.append(dst, cell)
			}
		})
	}
}
