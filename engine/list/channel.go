package list

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// ElsewhereChannel is a channel of which it is known that it is none of those that
// lists are cut for: what is said of it says nothing of them.
const ElsewhereChannel = "elsewhere"

// ChannelOf says which channel is meant by the text that a campaign has for it:
// email, sms, phone, post, ElsewhereChannel, or "" where that cannot be told. What
// cannot be told counts for every channel, since somebody may have refused there.
func ChannelOf(text string) string {
	folded := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' || r == '.' || r == '/' {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKC.String(text))
	switch folded {
	case "email", "mail", "emails", "emailing", "edm", "newsletter", "邮件", "电子邮件", "邮箱", "电邮":
		return "email"
	case "sms", "text", "textmessage", "mms", "smsmms", "短信", "彩信", "手机短信":
		return "sms"
	case "phone", "call", "calls", "telephone", "telemarketing", "tele", "voice", "电话", "外呼", "电销", "语音":
		return "phone"
	case "post", "postal", "directmail", "dm", "letter", "print", "catalog", "catalogue", "邮寄", "直邮", "信函", "目录":
		return "post"
	case "wechat", "weixin", "wecom", "app", "push", "apppush", "mobilepush", "webpush", "inapp", "whatsapp", "line", "viber", "telegram", "kakao", "messenger",
		"web", "website", "banner", "display", "ads", "ad", "social", "facebook", "instagram", "tiktok", "douyin", "search", "sem", "seo", "affiliate", "store", "pos", "event", "onsite",
		"微信", "公众号", "企业微信", "企微", "小程序", "推送", "站内信", "站内", "朋友圈", "广告", "抖音", "小红书", "微博", "门店", "直播", "社群", "支付宝":
		return ElsewhereChannel
	}
	return ""
}
