package groups

import (
	"strings"
	"testing"

	"clientele/models"
)

// Chinese sentences name the column that parts the groups in Chinese.
func TestColumnsInChinese(t *testing.T) {
	for by, want := range map[string]string{"cohort": "按首购年份分组", "gender": "按性别分组", "country": "按国家或地区分组", "region": "按省份分组", "city": "按城市分组",
		"acquired_channel": "按获客渠道分组"} {
		for _, f := range []*Fits[models.Fitted]{{By: by}, {By: by, Own: []Fit[models.Fitted]{{Name: "a"}}, RestRows: 3}} {
			if en, zh := f.who(); !strings.HasPrefix(zh, want) || !strings.Contains(en, "by "+by) {
				t.Errorf("%s / %s", en, zh)
			}
		}
	}
}
