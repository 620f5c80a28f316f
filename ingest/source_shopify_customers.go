package ingest

// shopifyCustomers are known by e-mail or telephone, as in the export of orders: the
// customer's id, which younger exports have, does not stand there.
func shopifyCustomers() *Source {
	return &Source{
		Name: "shopify_customers", Title: "Shopify customers export", TitleZH: "Shopify 客户导出", Kind: "customers",
		Signature: []string{"Accepts Email Marketing", "Total Spent", "Total Orders"},
		Map: map[string]string{
			"customer_id": "-", "member_id": "-", "email": "Email", "phone": "Phone|Default Address Phone", "name": "-",
			"first_name": "First Name", "last_name": "Last Name",
			"email_consent": "Accepts Email Marketing", "sms_consent": "Accepts SMS Marketing", "tags": "Tags",
			"address": "Address1|Default Address Address1", "city": "City|Default Address City",
			"region":   "Province|Province Code|Default Address Province Code",
			"country":  "Country|Country Code|Default Address Country Code",
			"postcode": "Zip|Default Address Zip",
		},
		Mend: func(h *Header) func(*Cells) {
			return withoutApostrophe(h, "Zip", "Default Address Zip", "Phone", "Default Address Phone")
		},
	}
}
