package ingest

// Addresses turns single e-mail addresses and telephone numbers into the form in
// which facts have them, for whoever compares others with them. It belongs to one
// goroutine.
type Addresses struct{ phones *phones }

// NewAddresses returns the converter of a region, an ISO 3166 code: that of
// telephone numbers without a country code; "" is CN.
func NewAddresses(region string) (*Addresses, error) {
	if err := checkRegion(region); err != nil {
		return nil, err
	}
	return &Addresses{newPhones(region)}, nil
}

// Email is an e-mail address trimmed, folded and in lower case, and whether the
// text is one.
func (a *Addresses) Email(text string) (string, bool) {
	b, ok := appendEmail(nil, []byte(text))
	return string(b), ok
}

// Phone is the first telephone number of a text in E.164, and whether there is one.
func (a *Addresses) Phone(text string) (string, bool) {
	b, ok := a.phones.append(nil, []byte(text))
	return string(b), ok
}
