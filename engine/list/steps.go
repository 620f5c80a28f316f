package list

import "regexp"

// Step is one row of the waterfall: how many fell there, and how many were left.
type Step struct {
	Step string `json:"step"` // one of the codes below
	En   string `json:"en"`
	Zh   string `json:"zh"`
	Fell int64  `json:"fell"`
	Left int64  `json:"left"`
}

// The steps, in their order. Who falls at one is not looked at in the later ones.
const (
	StepSegment   = "segment"    // the beginning: nobody falls
	StepUnknown   = "unknown"    // ids of the run that the store does not have any more, or that were merged into another one of the segment
	StepReach     = "reachable"  // no address of the channel
	StepConsent   = "consent"    // no agreement to the channel
	StepSuppress  = "suppressed" // named by a suppression file
	StepOptOut    = "opted_out"  // unsubscribed, bounced, or reported as spam, on the channel
	StepComplaint = "complaint"  // complained lately
	StepCap       = "cap"        // contacted as often as one may be
	StepExclude   = "excluded"   // in a segment that is never contacted
	StepDuplicate = "duplicate"  // has the address of somebody who ranks higher
	StepUniversal = "universal"  // in the universal control group
	StepLimit     = "limit"      // below the limit
	StepControl   = "control"    // the control group of this list: members, not removed
)

// StepCodes are the codes in their order.
func StepCodes() []string {
	return []string{StepSegment, StepUnknown, StepReach, StepConsent, StepSuppress, StepOptOut, StepComplaint, StepCap, StepExclude, StepDuplicate, StepUniversal, StepLimit, StepControl}
}

// StepWords are the words for a step.
func StepWords(code string) (en, zh string) {
	switch code {
	case StepSegment:
		return "in the segment", "客群人数"
	case StepUnknown:
		return "merged or gone since the run", "评分后已合并或不存在"
	case StepReach:
		return "no address for the channel", "无该渠道联系方式"
	case StepConsent:
		return "no consent for the channel", "无该渠道营销许可"
	case StepSuppress:
		return "in a suppression file", "在禁发名单中"
	case StepOptOut:
		return "unsubscribed, bounced or reported as spam", "已退订、退信或举报"
	case StepComplaint:
		return "complained lately", "近期有投诉"
	case StepCap:
		return "contacted often enough", "达到频次上限"
	case StepExclude:
		return "in an excluded segment", "属于不触达客群"
	case StepDuplicate:
		return "same contact as a better ranked one", "与排名更高者联系方式相同"
	case StepUniversal:
		return "universal control group", "全局对照组"
	case StepLimit:
		return "below the limit", "超出数量上限"
	case StepControl:
		return "control group of this list", "本名单对照组"
	}
	return code, code
}

// ReasonWords makes a function that puts reasons of removed.parquet into words. Ids,
// paths, segments and campaigns stay as they are, and so does a reason of another form
// than those that are written.
func ReasonWords() func(step, reason string) (en, zh string) {
	forms := map[string][]reasonForm{}
	for _, f := range reasonForms() {
		forms[f.step] = append(forms[f.step], f)
	}
	return func(step, reason string) (en, zh string) {
		for _, f := range forms[step] {
			if at := f.form.FindStringSubmatchIndex(reason); at != nil {
				return string(f.form.ExpandString(nil, f.en, reason, at)), string(f.form.ExpandString(nil, f.zh, reason, at))
			}
		}
		return reason, reason
	}
}

// reasonForm is how a reason of a step is written, and what it is in words, where ${1}
// is the first part of it that changes.
type reasonForm struct {
	step   string
	form   *regexp.Regexp
	en, zh string
}

func reasonForms() []reasonForm {
	form := func(step, pattern, en, zh string) reasonForm {
		return reasonForm{step, regexp.MustCompile("^(?s:" + pattern + ")$"), en, zh}
	}
	forms := []reasonForm{
		form(StepUnknown, `(.+)`, "is customer ${1} by now", "已并入客户 ${1}"),
		form(StepUnknown, ``, "not in the store any more", "库中已不存在"),
		form(StepConsent, `not asked`, "never asked", "未征询过"),
		form(StepConsent, `refused`, "refused", "已拒绝"),
		form(StepConsent, `refused \((.*)\)`, "refused by customer ${1} with the same contact", "联系方式相同的客户 ${1} 已拒绝"),
		form(StepSuppress, `(.*)`, "${1}", "${1}"),
		form(StepDuplicate, `(.*)`, "customer ${1}", "客户 ${1}"),
		form(StepUniversal, `(.*)`, "customer ${1} is held out", "客户 ${1} 属于全局对照组"),
		form(StepComplaint, `(\d{4}-\d\d-\d\d)`, "on ${1}", "${1} 投诉"),
		form(StepComplaint, `(\d{4}-\d\d-\d\d) \((.*)\)`, "on ${1}, customer ${2} with the same contact", "联系方式相同的客户 ${2} 于 ${1} 投诉"),
		form(StepCap, `(\d+) in (\d+) days`, "${1} contacts within ${2} days", "${2} 天内触达 ${1} 次"),
	}
	for event, words := range map[string][2]string{"unsubscribed": {"unsubscribed", "退订"}, "bounced": {"bounced", "退信"}, "complained": {"reported as spam", "举报为垃圾信息"}} {
		forms = append(forms, form(StepOptOut, event+` (\d{4}-\d\d-\d\d) (.*)`, words[0]+" on ${1}, campaign ${2}", "${1} "+words[1]+"，活动 ${2}"))
	}
	return forms
}

// Waterfall makes the steps of how many fell at each, beginning with all of them.
// A step at which nobody can have fallen, since the data know no such case, is left
// out: StepUnknown where it is zero.
func Waterfall(all int64, fell map[string]int64) []Step {
	var out []Step
	left := all
	for _, code := range StepCodes() {
		n := fell[code]
		if code == StepUnknown && n == 0 {
			continue
		}
		left -= n
		en, zh := StepWords(code)
		out = append(out, Step{code, en, zh, n, left})
	}
	return out
}
