package ingest

// KeyEmail reports whether an e-mail address, as it is stored, may tell who
// somebody is: no-reply@shop.com, test@test.com and the like are nobody's. Readers
// make no customer of such an address.
func KeyEmail(address []byte) bool { return keyEmail(address) }
