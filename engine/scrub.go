package engine

import "regexp"

// Direct identifiers and secrets as they may stand in a message that quotes a file:
// addresses, telephone numbers, and what stands for a password.
var (
	scrubMail   = regexp.MustCompile(`[\p{L}\p{N}._%+'-]+@[\p{L}\p{N}-]+(\.[\p{L}\p{N}-]+)+`)
	scrubPhone  = regexp.MustCompile(`\+[0-9][0-9 ().-]{6,}[0-9]|\b1[3-9][0-9]{9}\b|\b1[3-9][0-9][ -][0-9]{4}[ -][0-9]{4}\b|\b0[0-9]{2,3}-[0-9]{7,8}\b`)
	scrubQuoted = regexp.MustCompile(`(?i)\b((?:ssl)?(?:password|passwd|pwd|token|secret|api_?key))(["']?\s*[=:]\s*)("[^"]*"|'[^']*')`)
	scrubSecret = regexp.MustCompile(`(?i)\b((?:ssl)?(?:password|passwd|pwd|token|secret|api_?key))(["']?\s*=\s*|["']?:)([^\s,;&"']+)`) // not the file secret: no such file
	scrubUser   = regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/\s@]+(?::[^/\s@]*)?@`)
)

// Scrub takes direct identifiers and secrets out of a message that goes where
// others read it: logs, metrics and lineage outlive the data and are shared more
// widely. It knows forms, not people: messages must not be made of the data in the
// first place.
func Scrub(message string) string {
	message = scrubUser.ReplaceAllString(message, "$1***@")
	message = scrubMail.ReplaceAllString(message, "***@***")
	message = scrubQuoted.ReplaceAllString(message, "$1$2***")
	message = scrubSecret.ReplaceAllString(message, "$1$2***")
	return scrubPhone.ReplaceAllString(message, "***")
}
