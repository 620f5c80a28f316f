package engine

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"clientele/models"
)

// drawnList is a list of a campaign, as far as its customers are read.
type drawnList struct {
	share     float64 // that was to be kept back
	customers int     // whom it assigned first, treated or not
}

// listOf is the list that assigned a customer first; "": it is not known.
func (c *campaignReader) listOf(i int32) string {
	col := c.people.Column(byList)
	if col.Missing(int(i)) {
		return ""
	}
	return string(col.Texts.At(int(i)))
}

// ownControls gives each arm those who were kept back from the lists that it was drawn by: lists
// of different arms may choose different customers, and all who were kept back together are like
// none of them. Where the list of anybody is not known, all arms have the whole control group.
func (c *campaignReader) ownControls() {
	control := c.control()
	for _, a := range c.treated() {
		a.control = control
	}
	if control == nil || c.drawn == nil || len(c.treated()) < 2 {
		return
	}
	var told, toldZh []string
	alike := true
	for _, a := range c.treated() {
		lists := c.listsOf(a)
		own := &arm{name: ControlArm + " of " + a.name}
		for _, i := range control.customers {
			if lists[c.listOf(i)] {
				own.customers = append(own.customers, i)
			}
		}
		alike = alike && len(own.customers) == len(control.customers)
		a.control = own
		told, toldZh = append(told, fmt.Sprintf("%s %d", a.name, len(own.customers))), append(toldZh, fmt.Sprintf("%s %d 人", a.name, len(own.customers)))
	}
	if alike {
		for _, a := range c.treated() {
			a.control = control
		}
		return
	}
	c.warn("own_control", fmt.Sprintf("The arms were drawn by different lists: each is compared with those who were kept back from its own ones (%s).", strings.Join(told, ", ")),
		fmt.Sprintf("各组来自不同的名单：每组只与自己名单中保留的对照客户比较（%s）。", strings.Join(toldZh, "，")))
}

// drawnLists finds the lists of the campaign with the customers whom they assigned first; nil
// where somebody was assigned by other means.
func (c *campaignReader) drawnLists() (map[string]drawnList, error) {
	t, err := c.queryCampaign("campaign/shares")
	if err != nil {
		return nil, err
	}
	list := map[string]drawnList{}
	for i := range t.Rows() {
		list[string(t.Column("list_id").Texts.At(i))] = drawnList{share: t.Floats("share")[i]}
	}
	for i := range c.people.Rows() {
		id := c.listOf(int32(i))
		l, known := list[id]
		if !known {
			return nil, nil
		}
		l.customers++
		list[id] = l
	}
	return list, nil
}

// listsOf are the lists of an arm's customers.
func (c *campaignReader) listsOf(a *arm) map[string]bool {
	out := map[string]bool{}
	for _, i := range a.customers {
		out[c.listOf(i)] = true
	}
	return out
}

// meant are the sizes that arms were meant to have by the shares of the lists that assigned their
// customers first; nil: not known.
func (c *campaignReader) meant() []float64 {
	if c.drawn == nil {
		return nil
	}
	var out []float64
	kept := 0.0
	for _, a := range c.treated() {
		n := 0.0
		for id := range c.listsOf(a) {
			l := c.drawn[id]
			n += float64(l.customers) * (1 - l.share)
			kept += float64(l.customers) * l.share
		}
		out = append(out, n)
	}
	if out = append(out, kept); slices.Min(out) <= 0 {
		return nil
	}
	return out
}

// unlikeShares stops the reading where the lists of an arm keep back different shares: those who
// were treated and those who were kept back are then of different mixtures of the lists. Within
// each list they are alike.
func (c *campaignReader) unlikeShares(before []float64) bool {
	if c.drawn == nil {
		return false
	}
	for _, a := range c.treated() {
		shares := map[float64]bool{}
		var shown []string
		for _, id := range slices.Sorted(maps.Keys(c.listsOf(a))) {
			shares[c.drawn[id].share] = true
			shown = append(shown, fmt.Sprintf("%s %.3g%%", id, 100*c.drawn[id].share))
		}
		if len(shares) < 2 {
			continue
		}
		said := sentences{
			fmt.Sprintf("The lists of %s keep back different shares (%s): taken together, those who were treated and those who were kept back are not alike, and no effect can be read from them.", a.name, strings.Join(shown, ", ")),
			fmt.Sprintf("%s 的各名单保留对照的比例不同（%s）：合在一起时，触达的客户与对照客户构成不同，无法据此判断效果。", a.name, strings.Join(shown, "，"))}
		if c.out.Open {
			said.add(fmt.Sprintf("From %v on groups show each list by itself.", c.out.To), fmt.Sprintf("%v 起可在分组比较（groups）中查看各名单单独的结果。", c.out.To))
			c.out.Verdict = models.Warning{Code: "unlike_shares", En: said.en, Zh: said.zh}
			return true
		}
		said.add("Each list by itself stands under groups.", "各名单单独的结果见分组比较（groups）。")
		c.out.Verdict = models.Warning{Code: "unlike_shares", En: said.en, Zh: said.zh}
		c.r.By, c.groups = []string{byList}, map[string][]string{byList: groupsOf(c.people, byList, c.people)}
		if g := c.groupsSection(before); g.Table.Rows() > 0 {
			c.out.Sections = append(c.out.Sections, g)
		}
		return true
	}
	return false
}
