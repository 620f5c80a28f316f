package engine

import "testing"

func TestShownValue(t *testing.T) {
	for in, want := range map[[2]string]string{
		{"amount", "12,5.0"}: "12,5.0", {"amount", "12 EUR"}: "12 EUR", {"amount", "N/A"}: "N/A", {"amount", "-"}: "-", {"amount", "abc"}: "abc", {"amount", ""}: "",
		{"date", "2024-13-45"}: "2024-13-45", {"date", "31 Feb 2024"}: "31 Feb 2024", {"date", "2024年13月1日"}: "2024年13月1日", {"date", "20241345"}: "20241345",
		{"amount", "Ann"}: "A***", {"amount", "Ann Lee"}: "A***", {"date", "王芳"}: "王***", {"date", "12 Rue de Paris"}: "1***", {"amount", "北京市朝阳区1号"}: "北***",
		{"amount", "ann@example.com"}: "***@***", {"date", "13800138000"}: "***", {"date", "+86 138 0013 8000"}: "***",
		{"status", "Awaiting check"}: "Awaiting check", {"status", "ann@example.com"}: "***@***", {"email_consent", "perhaps"}: "perhaps",
	} {
		if got := ShownValue(in[0], in[1]); got != want {
			t.Errorf("%s %q: %q, not %q", in[0], in[1], got, want)
		}
	}
}
