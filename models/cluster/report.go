package cluster

import (
	"fmt"
	"math"
	"strings"

	"clientele/models"
)

func (f *Fitted) methodText() string {
	if f.Method == Mixture {
		return "diagonal Gaussian mixture of log1p"
	}
	return "k-means of log1p"
}

// MethodZh is Report().Method in Chinese.
func (f *Fitted) MethodZh() string {
	switch {
	case f.candidate() == nil:
		return "未分群：" + f.whyText().Zh
	case f.Method == Mixture:
		return "取对数（log1p）后的对角高斯混合聚类"
	}
	return "取对数（log1p）后的 k 均值聚类"
}

// nounsZh are columns of features in Chinese.
func nounsZh(columns []string) string {
	list, err := featuresOf(columns)
	if err != nil { // a saved fit of other columns than there are
		return " " + strings.Join(columns, "、") + " "
	}
	var out []string
	for _, f := range list {
		out = append(out, f.noun.Zh)
	}
	return strings.Join(out, "、")
}

// whyText says in a few words why there are no clusters.
func (f *Fitted) whyText() words {
	switch f.Why {
	case TooFew:
		return words{"too few customers", "客户太少"}
	case AllAlike:
		return words{"all customers are alike", "所有客户都相同"}
	}
	return words{"no number of clusters is sound", "没有合适的类数"}
}

// notes say how the number of clusters was found, and what became of earlier ones.
func (f *Fitted) notes() []models.Warning {
	columns, columnsZh := strings.Join(f.Columns, ", "), nounsZh(f.Columns)
	c := f.candidate()
	switch {
	case c == nil:
		return []models.Warning{f.noClusters()}
	case f.Asked != 0:
		return append([]models.Warning{{Code: "clusters",
			En: fmt.Sprintf("%d clusters by %s, as configured: silhouette %.2f, adjusted Rand index %.2f over %d resamples.", c.K, columns, c.Silhouette, c.Stability, resamples),
			Zh: fmt.Sprintf("按配置以%s分为 %d 类：轮廓系数 %.2f，%d 次重抽样的调整兰德指数 %.2f。", columnsZh, c.K, c.Silhouette, resamples, c.Stability)}}, f.matching()...)
	}
	by := words{"they part most clearly of those that are sound", "在合适的类数中区分最清楚"}
	if f.Method == Mixture && !c.Singular {
		by = words{"they have the least BIC of those that are sound", "在合适的类数中 BIC 最小"}
	}
	last, other := f.Candidates[len(f.Candidates)-1].K, f.othersSound()
	return append([]models.Warning{{Code: "clusters",
		En: fmt.Sprintf("%d clusters by %s, chosen from 2 to %d: %s (silhouette %.2f, adjusted Rand index %.2f over %d resamples).%s", c.K, columns, last, by.En, c.Silhouette, c.Stability, resamples, other.En),
		Zh: fmt.Sprintf("按%s分为 %d 类（候选 2 至 %d 类）：%s（轮廓系数 %.2f，%d 次重抽样的调整兰德指数 %.2f）。%s", columnsZh, c.K, last, by.Zh, c.Silhouette, resamples, c.Stability, other.Zh)}}, f.matching()...)
}

// othersSound names the other numbers of clusters that would do.
func (f *Fitted) othersSound() words {
	var list []string
	for _, c := range f.Candidates {
		if c.Verdict == Sound && !c.Chosen {
			list = append(list, fmt.Sprint(c.K))
		}
	}
	if len(list) == 0 {
		return words{}
	}
	return words{" Other sound numbers, for clusters.k: " + strings.Join(list, ", ") + ".", "其他合适的类数：" + strings.Join(list, "、") + "，可用 clusters.k 指定。"}
}

// noClusters says why there are none.
func (f *Fitted) noClusters() models.Warning {
	w := models.Warning{Code: "no_clusters"}
	switch {
	case f.Why == TooFew && f.Rows >= fewestCustomers:
		w.En = fmt.Sprintf("No clusters: %s customers make no %d of them.", thousands(f.Rows), f.Asked)
		w.Zh = fmt.Sprintf("未分群：%s 位客户不足以分成 %d 类。", thousands(f.Rows), f.Asked)
	case f.Why == TooFew:
		w.En = fmt.Sprintf("No clusters: customers with an order and all values: %d, and fewer than %d show nothing.", f.Rows, fewestCustomers)
		w.Zh = fmt.Sprintf("未分群：有订单且数据完整的客户只有 %d 位，少于 %d 位看不出客群。", f.Rows, fewestCustomers)
	case f.Why == AllAlike:
		w.En = "No clusters: all customers are alike in " + strings.Join(f.Columns, ", ") + "."
		w.Zh = "未分群：所有客户的" + nounsZh(f.Columns) + "都相同。"
	default:
		en, zh := f.faults()
		w.En = fmt.Sprintf("No clusters: of the numbers tried (%d to %d) %s. clusters.k makes clusters all the same.", f.Candidates[0].K, f.Candidates[len(f.Candidates)-1].K, en)
		w.Zh = fmt.Sprintf("未分群：试过的类数（%d 至 %d）中，%s。如仍需分群，请设定 clusters.k。", f.Candidates[0].K, f.Candidates[len(f.Candidates)-1].K, zh)
		if f.Asked != 0 {
			w.En = fmt.Sprintf("No clusters: there are fewer than %d different customers.", f.Asked)
			w.Zh = fmt.Sprintf("未分群：互不相同的客户不足 %d 位。", f.Asked)
		}
	}
	return w
}

// faults counts the candidates by what is wrong with them.
func (f *Fitted) faults() (en, zh string) {
	var inEn, inZh []string
	for _, v := range []struct {
		verdict Verdict
		text    words
	}{
		{Empty, words{"%d ask for more clusters than there are different customers", "%d 个超过互不相同的客户数"}},
		{Small, words{"%d have too small a cluster", "%d 个含有过小的类"}},
		{Unstable, words{"%d are unstable", "%d 个不稳定"}},
		{Weak, words{"%d show no structure", "%d 个看不出结构"}},
	} {
		n := 0
		for _, c := range f.Candidates {
			if c.Verdict == v.verdict {
				n++
			}
		}
		if n > 0 {
			inEn, inZh = append(inEn, fmt.Sprintf(v.text.En, n)), append(inZh, fmt.Sprintf(v.text.Zh, n))
		}
	}
	return strings.Join(inEn, ", "), strings.Join(inZh, "，")
}

// matching says what became of the clusters of the prior fit.
func (f *Fitted) matching() []models.Warning {
	if !f.Matched {
		return nil
	}
	kept := 0
	for _, c := range f.Clusters {
		if c.Kept {
			kept++
		}
	}
	return []models.Warning{{Code: "clusters_matched",
		En: fmt.Sprintf("Clusters that keep the number and the name of an earlier one: %d of %d; new: %d; earlier ones that are no more: %d.", kept, len(f.Clusters), len(f.Clusters)-kept, f.Gone),
		Zh: fmt.Sprintf("沿用早先编号与名称的类：%d 个（共 %d 个）；新出现 %d 个；早先有而现已不存在的 %d 个。", kept, len(f.Clusters), len(f.Clusters)-kept, f.Gone)}}
}

// warnings are the doubts about the clusters that are given.
func (f *Fitted) warnings() []models.Warning {
	var out []models.Warning
	add := func(code, en, zh string) { out = append(out, models.Warning{Code: "clusters_" + code, En: en, Zh: zh}) }
	if f.Missing > 0 {
		columns := strings.Join(f.Columns, ", ")
		add("missing", fmt.Sprintf("Customers with an order who are in no cluster, since one of %s is unknown: %s.", columns, thousands(f.Missing)),
			fmt.Sprintf("因%s中有缺失值而未归入任何类的有订单客户：%s 位。", nounsZh(f.Columns), thousands(f.Missing)))
	}
	c := f.candidate()
	if c == nil {
		return out
	}
	if c.Stability < stableIndex {
		add("unstable", fmt.Sprintf("The %d clusters are unstable: other samples of the same customers fall apart otherwise (adjusted Rand index %.2f, below %.1f).", c.K, c.Stability, stableIndex),
			fmt.Sprintf("分成 %d 类并不稳定：换一批同类样本，分法就不同（调整兰德指数 %.2f，低于 %.1f）。", c.K, c.Stability, stableIndex))
	}
	if c.Silhouette < clearSilhouette {
		add("weak", fmt.Sprintf("The %d clusters have no clear structure (silhouette %.2f, below %.2f): they are slices of one cloud, and their borders are arbitrary.", c.K, c.Silhouette, clearSilhouette),
			fmt.Sprintf("分成 %d 类没有明显结构（轮廓系数 %.2f，低于 %.2f）：各类只是同一群客户的切片，界线带有任意性。", c.K, c.Silhouette, clearSilhouette))
	}
	if least := f.least(); least < f.Floor || least*float64(f.Rows) < fewestIn {
		add("small", fmt.Sprintf("The smallest cluster has %s of the customers only.", percent(least)), fmt.Sprintf("最小的类仅占客户的 %s。", percentZh(least)))
	}
	if f.Singular {
		add("singular", "A component of the mixture has no spread of its own in some column (many customers have one value there): the likelihood and the BIC are what the smallest variance allowed makes of them; k-means is safer.",
			"混合模型中有成分在某一列上没有自身的离散度（许多客户取同一值）：似然与 BIC 由方差下限决定，k-means 更稳妥。")
	}
	if !f.Settled {
		add("unsettled", fmt.Sprintf("The clusters still moved after %d iterations.", f.Iterations), fmt.Sprintf("迭代 %d 次后聚类仍未稳定。", f.Iterations))
	}
	if constant := f.constant(); len(constant) > 0 {
		add("constant", "These columns are the same for everybody and tell nobody apart: "+strings.Join(constant, ", ")+".", "以下各项对所有客户都相同，不起区分作用："+nounsZh(constant)+"。")
	}
	return out
}

// least is the smallest share of a cluster.
func (f *Fitted) least() float64 {
	least := 1.0
	for _, c := range f.Clusters {
		least = min(least, c.Share)
	}
	return least
}

// constant are the columns that do not vary.
func (f *Fitted) constant() []string {
	var out []string
	for k, v := range f.Deviation {
		if v == 0 {
			out = append(out, f.Columns[k])
		}
	}
	return out
}

// Words say in a few words what a verdict means for a candidate.
func (c *Candidate) Words() Text {
	least := c.Smallest()
	text := map[Verdict]Text{
		Empty:    {"fewer different customers than clusters", "互不相同的客户少于类数"},
		Small:    {"the smallest cluster has " + percent(least) + " of the customers", "最小的类仅占 " + percentZh(least)},
		Unstable: {fmt.Sprintf("unstable: adjusted Rand index below %.1f", stableIndex), fmt.Sprintf("不稳定：调整兰德指数低于 %.1f", stableIndex)},
		Weak:     {"no structure: slices of one cloud", "没有结构：只是同一群客户的切片"},
		Sound:    {"sound", "合适"},
	}[c.Verdict]
	switch {
	case c.Chosen && c.Verdict == Sound:
		return Text{"chosen", "采用"}
	case c.Chosen:
		return Text{"as configured, though " + text.En, "按配置采用，但" + text.Zh}
	case c.Verdict != Sound:
		return Text{"refused: " + text.En, "不采用：" + text.Zh}
	}
	return text
}

// percent and percentZh print a share with digits enough not to be zero.
func percent(share float64) string { return percentDigits(share) + " %" }

func percentZh(share float64) string { return percentDigits(share) + "%" }

func percentDigits(share float64) string {
	digits := 1
	for v := 100 * share; v > 0 && math.Abs(v) < 0.095 && digits < 4; v *= 10 {
		digits++
	}
	return fmt.Sprintf("%.*f", digits, 100*share)
}
