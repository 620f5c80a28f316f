package models

import (
	"encoding/json"
	"math"
	"testing"
)

// Parameters keep their order and every bit; what is no number is null.
func TestParametersJSON(t *testing.T) {
	list := Parameters{{"s", 0.30000000000000004}, {`a "b"`, math.NaN()}, {"a", -5e-324}, {"更", math.Inf(1)}, {"z", math.MaxFloat64}}
	text, err := json.Marshal(list)
	if want := `{"s":0.30000000000000004,"a \"b\"":null,"a":-5e-324,"更":null,"z":1.7976931348623157e+308}`; err != nil || string(text) != want {
		t.Fatalf("%s, %v; want %s", text, err, want)
	}
	var back Parameters
	if err := json.Unmarshal(text, &back); err != nil || len(back) != len(list) {
		t.Fatalf("%v, %v", back, err)
	}
	for i, p := range list {
		if got := back[i]; got.Name != p.Name || got.Value != p.Value && !(math.IsNaN(got.Value) && Known(p.Value) == nil) {
			t.Errorf("%v, want %v", got, p)
		}
	}
	for _, bad := range []string{`{"a":"b"}`, `[1]`, `"a"`, `{"a":{}}`, `7`} {
		if err := json.Unmarshal([]byte(bad), &back); err == nil {
			t.Errorf("%s was read as %v", bad, back)
		}
	}
}

func TestDecode(t *testing.T) {
	var v struct{ A int }
	if err := Decode([]byte(` {"a": 7} `), &v); err != nil || v.A != 7 {
		t.Errorf("%v, %v", v, err)
	}
	for _, bad := range []string{`{"a": 7, "b": 8}`, `{"a": 7} {`, `{"a": 7}1`, `{"a": 7`, ``} {
		if Decode([]byte(bad), &v) == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
