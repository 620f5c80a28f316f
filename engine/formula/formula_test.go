package formula

import "testing"

func TestHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Ann": "Ann", "a=b": "a=b", "1+1": "1+1", "'=1": "'=1",
		"=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "+cmd|' /C calc'!A0": "'+cmd|' /C calc'!A0", "-2+3": "'-2+3",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "\x00=1": "'\x00=1", "  =1": "'  =1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠A": "'＠A",
		"+8613800138000": "+8613800138000", "-12.50": "-12.50", "+.5": "+.5", "-": "-", "+": "+", "-.": "'-.", "+1.2.3": "'+1.2.3", "+86 138": "'+86 138", "-\n": "'-\n",
	} {
		if got := Harmless(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}
