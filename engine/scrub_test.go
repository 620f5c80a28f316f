package engine

import "testing"

func TestScrub(t *testing.T) {
	for in, want := range map[string]string{
		`customer "ann.lee+x@shop.example" is twice`:                   `customer "***@***" is twice`,
		"王小明@例子.公司 的订单":                                                "***@*** 的订单",
		"phone 13812345678, +44 20 7946 0958":                          "phone ***, ***",
		"010-62345678":                                                 "***",
		"138-1234-5678":                                                "***",
		"connect postgres://reader:s3cret@db.example:5432/shop failed": "connect postgres://***@db.example:5432/shop failed",
		"host=db user=reader password=s3cret":                          "host=db user=reader password=***",
		`password: "a b"`:                                              "password: ***",
		"pwd:s3cret":                                                   "pwd:***",
		// What says where and when stays.
		"in/orders-20260131.csv:13: column ordered_at: not a date": "in/orders-20260131.csv:13: column ordered_at: not a date",
		"as of 2026-01-31: 1234567 orders":                         "as of 2026-01-31: 1234567 orders",
		"process 4711 since 2026-01-02T03:04:05Z":                  "process 4711 since 2026-01-02T03:04:05Z",
		"password_file secret: no such file or directory":          "password_file secret: no such file or directory",
		"the variable ERP_PASSWORD is not set":                     "the variable ERP_PASSWORD is not set",
	} {
		if got := Scrub(in); got != want {
			t.Errorf("%s\n got %s\nwant %s", in, got, want)
		}
	}
}
