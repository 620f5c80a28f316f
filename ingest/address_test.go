package ingest

import "testing"

func TestSingleAddresses(t *testing.T) {
	a, err := NewAddresses("CN")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, email, phone string }{
		{" Ada@Example.COM ", "ada@example.com", ""},
		{"138 0013 8001", "", "+8613800138001"},
		{"'+8613800138001", "", "+8613800138001"},
		{"13800138001.0", "", "+8613800138001"},
		{"186****0005", "", ""},
		{"ada@", "", ""},
		{"", "", ""},
	} {
		if got, ok := a.Email(c.text); got != c.email || ok != (c.email != "") {
			t.Errorf("email %q: %q, %v", c.text, got, ok)
		}
		if got, ok := a.Phone(c.text); got != c.phone || ok != (c.phone != "") {
			t.Errorf("phone %q: %q, %v", c.text, got, ok)
		}
	}
	if _, err := NewAddresses("XX"); err == nil {
		t.Error("no such region")
	}
}
