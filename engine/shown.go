package engine

import (
	"slices"
	"strings"
	"unicode"
)

// ShownValue is the value of a reject as it stands in messages. A file whose columns
// have shifted brings names and addresses where an amount or a date should be, and
// messages end up in logs: of what reads like words only the first letter is shown,
// unless the column holds words. clientele rejects shows it whole.
func ShownValue(column, value string) string {
	words := []string{"status", "event", "arm", "channel", "kind", "direction", "currency", "gender", "email_consent", "sms_consent", "machine", "objective", "satisfaction"}
	shown := Scrub(value)
	if shown != value || slices.Contains(words, column) {
		return shown
	}
	letters, digits := 0, 0
	for _, r := range value {
		switch {
		case unicode.IsDigit(r):
			digits++
		case !unicode.IsLetter(r) || strings.ContainsRune("年月日时分秒点上下午元", r):
		case unicode.Is(unicode.Han, r):
			letters += most // names are short
		default:
			letters++
		}
	}
	runes := []rune(strings.TrimSpace(value))
	titled := digits == 0 && len(runes) > 1 && unicode.IsUpper(runes[0]) && unicode.IsLower(runes[1])
	if letters >= most || titled {
		return string(runes[:1]) + "***"
	}
	return value
}

// most is how many letters make a value one of words: an amount with its currency has
// three, a date with its month three or four.
const most = 5
