package list

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
