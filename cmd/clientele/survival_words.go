package main

import (
	"clientele/engine/table"
)

// survivalHeads are the Chinese heads of the columns of survival.
func survivalHeads() map[string]string {
	return map[string]string{
		"group": "组", "customers": "客户数", "left": "流失数", "median": "中位数", "median_low": "中位数下限", "median_high": "中位数上限",
		"mean": "平均时间", "mean_se": "标准误", "mean_within": "计至时点", "expected_to_leave": "预期流失数",
		"time": "时点", "at_risk": "在观察数", "left_so_far": "累计流失", "survival": "留存比例", "std_error": "标准误", "low": "下限", "high": "上限",
		"column": "变量", "level": "取值", "known": "估计情况", "coefficient": "系数", "hazard_ratio": "风险比", "z": "z", "p": "p",
		"ties": "同时流失处理", "status": "状态", "log_likelihood": "对数似然", "without_columns": "不含变量的对数似然", "concordance": "一致性指数", "concordance_se": "标准误",
		"iterations": "迭代次数", "profile": "客户特征", "test": "检验", "of": "对象", "chi_square": "卡方", "df": "自由度",
		"renewals": "续约次数", "alpha": "alpha", "alpha_se": "alpha 标准误", "beta": "beta", "beta_se": "beta 标准误",
		"leave_first": "首次续约流失率", "leave_first_se": "流失率标准误", "without_differences": "客户无差异时的对数似然", "greatest_gap": "最大偏差",
		"renewal": "第几次续约", "came": "到期数", "retention": "续约率", "retention_model": "续约率（模型）", "survival_model": "留存比例（模型）", "residual_lifetime": "剩余续约次数（折现）",
		"about": "关于", "code": "代码",
	}
}

// survivalTerms are the words that survival's own columns hold, in Chinese.
func survivalTerms() map[string]string {
	return map[string]string{
		"(all)":     "（全部）",
		"cox":       "Cox 回归",
		"reference": "参照", "estimated": "已估计", "infinite": "无界", "collinear": "共线，已剔除",
		"converged": "已收敛", "boundary": "边界解", "fallback": "改用简单方法", "skipped": "未拟合", "fixed": "固定规则",
		"interior": "内部解", "homogeneous": "客户无差异", "polarised": "两极分化", "one_renewal": "仅一次续约", "nobody_left": "无人流失", "nobody_stayed": "无人留存",
		"log_rank": "对数秩检验", "cox_likelihood_ratio": "Cox 似然比检验", "cox_wald": "Cox Wald 检验", "cox_score": "Cox 得分检验", "proportional_hazards": "比例风险检验",
	}
}

// ownWords reports whether a column of survival holds words of its own, beside the
// mark of all customers, and not those of the data.
func ownWords(name string) bool {
	return name == "known" || name == "status" || name == "test"
}

// survivalChinese is a table of survival as people read it in Chinese: numbers, and
// what the data call things, stay as they are.
func survivalChinese(t *table.Table) *table.Table {
	terms := survivalTerms()
	return translated(t, survivalHeads(), func(column, text string) string {
		if term, ok := terms[text]; ok && (ownWords(column) || text == "(all)") {
			return term
		}
		return text
	})
}
