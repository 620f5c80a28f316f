package engine

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/contactfile"
	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/queries"
)

// checkFile says what is wrong with a file for a channel, be it with its place or with
// what it is to hold, or which columns it has.
func (e *Engine) checkFile(f *ListFile, channel string) (columns []string, err error) {
	if err := e.refuseOwn(f.To); err != nil {
		return nil, err
	}
	return f.check(channel)
}

// check says what is wrong with a file for a channel, or which columns it has.
func (f *ListFile) check(channel string) (columns []string, err error) {
	if f.To == "" {
		return nil, errors.New("a file is needed: it is what goes to people and tools")
	}
	if info, err := os.Stat(f.To); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: is a folder: name a file", f.To)
	}
	if err := refuseLink(f.To); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Dir(f.To)); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Dir(f.To), underlying(err))
	}
	if f.Layout == "" {
		f.Layout = "csv"
		if strings.EqualFold(filepath.Ext(f.To), ".xlsx") {
			f.Layout = "xlsx"
		}
	}
	if f.Lang == "" {
		f.Lang = "en"
	}
	if f.Lang != "en" && f.Lang != "zh" {
		return nil, fmt.Errorf("lang %q: not en or zh", f.Lang)
	}
	if columns = f.Columns; len(columns) == 0 {
		columns = contactfile.Defaults(f.Layout, channel)
	}
	return columns, contactfile.Check(f.Layout, channel, columns)
}

// contactColumns are what a file may hold besides columns of scores and
// attribute.NAME.
func contactColumns() []string {
	return slices.Concat([]string{"customer_id", "rank", "value"}, addressColumns(), describedColumns())
}

// addressColumns and describedColumns are the columns of contacts and of customers
// in queries/target/file.sql.
func addressColumns() []string { return []string{"name", "email", "phone", "address"} }

func describedColumns() []string {
	return []string{"gender", "birth_date", "country", "region", "city", "postcode", "acquired_on", "acquired_channel", "tags"}
}

// fileColumns are the expressions of columns of a file.
func (c *cutter) fileColumns(columns, scores []string, listID string) ([]string, error) {
	known := slices.Concat(contactColumns(), []string{"first_name", "last_name", "list_id", "arm"}, scores)
	var out []string
	for _, name := range contactfile.Sources(columns) {
		attribute, isAttribute := strings.CutPrefix(name, "attribute.")
		expression := duck.Identifier(name)
		switch {
		case name == "list_id":
			expression = duck.Literal(listID)
		case name == "arm":
			expression = duck.Literal(c.manifest.Arm)
		case isAttribute:
			expression = attributeText(attribute)
		case !slices.Contains(known, name):
			hint, err := nearest(c.ctx, c.db, name, known)
			if err != nil {
				return nil, err
			}
			if !strings.HasPrefix(hint, "did") { // too many to name
				hint = "there are " + strings.Join(contactColumns(), ", ") + ", attribute.NAME, and the columns of scores"
			}
			return nil, fmt.Errorf("column %q: %s", name, hint)
		}
		out = append(out, expression+" AS "+duck.Identifier(name))
	}
	return out, nil
}

// attributeText is the expression of an attribute of a customer.
func attributeText(name string) string {
	return "json_extract_string(attributes, " + duck.Literal("/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name)) + ")"
}

// knowAttributes refuses a column of an attribute that no customer has.
func (c *cutter) knowAttributes(columns []string) error {
	for _, column := range columns {
		name, ok := strings.CutPrefix(column, "attribute.")
		if !ok {
			continue
		}
		var known bool
		if err := c.db.Row(c.ctx, []any{&known}, "SELECT count("+attributeText(name)+") > 0 FROM customers"); err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("column %q: no customer has that attribute", column)
		}
	}
	return nil
}

// knowColumns refuses columns of the file that there are not: a dry run tells of
// them too.
func (c *cutter) knowColumns() error {
	scores, err := c.fileScores()
	if err != nil {
		return err
	}
	if _, err := c.fileColumns(c.columns, scores, ""); err != nil {
		return err
	}
	return c.knowAttributes(c.columns)
}

// viewAsked makes target_contacts and target_customers, empty where no column of
// them is asked for: working either out means to look at everything that was told.
func (c *cutter) viewAsked(columns []string) error {
	for _, v := range []struct {
		from    string
		columns []string
	}{{"contacts", addressColumns()}, {"customers", describedColumns()}} {
		asked := slices.ContainsFunc(contactfile.Sources(columns), func(name string) bool {
			return slices.Contains(v.columns, name) || v.from == "customers" && strings.HasPrefix(name, "attribute.")
		})
		view := "CREATE OR REPLACE TEMP VIEW target_" + v.from + " AS FROM " + v.from
		if !asked {
			view += " WHERE false"
		}
		if err := c.db.Exec(c.ctx, view); err != nil {
			return err
		}
	}
	return nil
}

// fileScores makes target_run, the scores of the customers of the list, and returns
// the names of their columns.
func (c *cutter) fileScores() ([]string, error) {
	err := c.db.Exec(c.ctx, `CREATE OR REPLACE TEMP VIEW target_run AS
SELECT p.person AS run_person, s.* EXCLUDE (customer_id) FROM run_scores AS s JOIN target_people AS p ON s.customer_id = p.run_id WHERE p.nth = 1 AND p.person IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	columns, err := c.scoreTypes()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(sortedKeys(columns), func(s string) bool { return slices.Contains(contactColumns(), s) }), nil
}

// pending is a file that is being written beside its place.
type pending struct {
	fresh, to string // fresh is empty once it is at its place
	out       *os.File
	rows      int64
}

// newPending begins a file that is to be at a place.
func newPending(to string) (*pending, error) {
	p := &pending{fresh: filepath.Join(filepath.Dir(to), "."+filepath.Base(to)+".part"), to: to}
	err := os.Remove(p.fresh) // of a command that was killed
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		p.out, err = os.OpenFile(p.fresh, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", to, underlying(err))
	}
	return p, nil
}

// write fills the file and makes it durable; f returns how many rows it wrote.
func (p *pending) write(f func() (int64, error)) error {
	var err error
	p.rows, err = f()
	if err == nil {
		err = p.out.Sync()
	}
	if err = errors.Join(err, p.out.Close()); err != nil {
		return fmt.Errorf("write %s: %w", p.to, underlying(err))
	}
	return nil
}

// place puts the file at its place.
func (p *pending) place() error {
	if info, err := os.Stat(p.to); err == nil && !info.Mode().IsRegular() { // a pipe or a device
		return copyFile(p.to, p.fresh)
	}
	if err := refuseLink(p.to); err != nil { // it may have come since
		return err
	}
	if err := os.Rename(p.fresh, p.to); err != nil {
		return err
	}
	p.fresh = ""
	return nil
}

// discard removes the file where it is not at its place.
func (p *pending) discard() {
	if p.fresh != "" {
		os.Remove(p.fresh)
	}
}

// writeFile writes the file of the treated customers in target_outcome beside its
// place, and returns it there.
func (c *cutter) writeFile(file ListFile, columns []string, listID string) (*pending, error) {
	scores, err := c.fileScores()
	if err != nil {
		return nil, err
	}
	expressions, err := c.fileColumns(columns, scores, listID)
	if err != nil {
		return nil, err
	}
	if err := c.knowAttributes(columns); err != nil {
		return nil, err
	}
	if err := c.viewAsked(columns); err != nil {
		return nil, err
	}
	err = c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP VIEW target_everything AS "+queries.Get("target/file").SQL)
	if err == nil {
		err = c.db.Exec(c.ctx, "CREATE OR REPLACE TEMP TABLE target_file AS SELECT position, "+strings.Join(expressions, ", ")+" FROM target_everything")
	}
	if err != nil {
		return nil, err
	}
	spill, err := c.spillFolder()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(spill, 0o700); err != nil {
		return nil, err
	}
	p, err := newPending(file.To)
	if err != nil {
		return nil, err
	}
	err = p.write(func() (int64, error) {
		return c.fill(p.out, contactfile.Options{Layout: file.Layout, Channel: c.manifest.Channel, Lang: file.Lang, Columns: columns, TempDir: spill})
	})
	if err != nil {
		p.discard()
		return nil, err
	}
	return p, nil
}

// fill writes target_file, a part at a time.
func (c *cutter) fill(out io.Writer, opt contactfile.Options) (int64, error) {
	w, err := contactfile.New(out, opt)
	if err != nil {
		return 0, err
	}
	var n int64
	if err := c.db.Row(c.ctx, []any{&n}, "SELECT coalesce(max(position) + 1, 0) FROM target_file"); err != nil {
		return 0, err
	}
	for from := int64(0); from < n; from += filePage {
		t, err := c.db.Query(c.ctx, "SELECT * FROM target_file WHERE position >= $from AND position < $until ORDER BY position", named("from", from), named("until", from+filePage))
		if err != nil {
			return 0, err
		}
		if err := w.Write(t); err != nil {
			return 0, err
		}
	}
	return w.Rows(), w.Close()
}

// filePage is how many customers are written at a time.
const filePage = 1 << 17

// note adds a remark to the list.
func (c *cutter) note(code, en, zh string) {
	c.manifest.Notes = append(c.manifest.Notes, list.Note{Code: code, En: en, Zh: zh})
}

// remark says in words what the numbers mean.
func (c *cutter) remark() error {
	m := c.manifest
	for _, f := range m.Suppress {
		if n := f.Entries - f.Matched; n > 0 {
			c.note("suppression_unmatched",
				fmt.Sprintf("%s: %d of %d entries name nobody in the store.", f.Path, n, f.Entries),
				fmt.Sprintf("%[1]s：%[3]d 条记录中有 %[2]d 条在库中找不到对应客户。", f.Path, n, f.Entries))
		}
	}
	if m.Channel == "post" && m.Rules.Consent == "required" {
		c.note("no_consent_for_post",
			"The store knows of no consent for post: who objects to it must stand in a suppression file.",
			"库中没有邮寄渠道的营销许可：拒收邮寄的客户须列入禁发名单。")
	}
	if m.Campaign != "" {
		var known bool
		if err := c.db.Row(c.ctx, []any{&known}, "SELECT count(*) > 0 FROM campaigns WHERE campaign_id = $campaign", named("campaign", m.Campaign)); err != nil {
			return err
		}
		if !known {
			c.note("campaign_unknown",
				fmt.Sprintf("No campaign %s is loaded yet: its name and cost come with clientele ingest campaigns.", m.Campaign),
				fmt.Sprintf("活动 %s 尚未载入：其名称和费用可用 clientele ingest campaigns 载入。", m.Campaign))
		}
	}
	c.remarkHeld()
	if m.Limit > 0 {
		var unranked int64
		if err := c.db.Row(c.ctx, []any{&unranked}, "SELECT count(*) FROM target_outcome WHERE arm IN (1, 2) AND value IS NULL"); err != nil {
			return err
		}
		if unranked > 0 {
			c.note("unranked",
				fmt.Sprintf("%d on the list have no value of %s: they rank last, by customer id.", unranked, m.Rank),
				fmt.Sprintf("名单中有 %d 人没有 %s 的值：他们按客户编号排在最后。", unranked, m.Rank))
		}
	}
	c.remarkPower()
	return nil
}

// remarkHeld says where the universal control group takes more than its share.
func (c *cutter) remarkHeld() {
	h, share := c.manifest.Held, c.manifest.Rules.Universal
	if h == nil || h.Former+h.Shared == 0 || float64(h.All()) <= share*float64(h.Looked) {
		return
	}
	taken := 100 * float64(h.All()) / float64(h.Looked)
	c.note("universal_share",
		fmt.Sprintf("The universal control group takes %.1f %% of the %d who got as far as it, and contact.universal is %.1f %%: %d of them were held out by an earlier list under an id that was merged since, %d have the address of somebody in the group.", taken, h.Looked, 100*share, h.Former, h.Shared),
		fmt.Sprintf("走到全局对照组这一步的 %d 人中有 %.1f%% 被留出，高于 contact.universal 设定的 %.1f%%：其中 %d 人曾以后来被合并的编号被留出，%d 人与组内客户共用联系方式。", h.Looked, taken, 100*share, h.Former, h.Shared))
}

// remarkPower says what the campaign will be able to show.
func (c *cutter) remarkPower() {
	m, p := c.manifest, c.manifest.Power
	switch {
	case m.Treated == 0:
		return
	case p == nil:
		c.note("no_control", "Nobody is kept back as a control group: what the campaign caused cannot be told from what would have happened anyway.",
			"没有留出对照组：无法区分活动带来的效果与本来就会发生的购买。")
		return
	}
	en, zh := baseWords(p, m.Limit > 0)
	c.note("base_rate", en, zh)
	if p.Smallest == 0 {
		c.note("no_power",
			fmt.Sprintf("With %d treated and %d in the control group no rise at all would be found with 80 %% power at the 5 %% level.", m.Treated, m.Kept),
			fmt.Sprintf("实验组 %d 人、对照组 %d 人：在 5%% 显著性水平和 80%% 功效下，任何提升都无法检出。", m.Treated, m.Kept))
		return
	}
	if p.Base == 0 {
		c.note("power",
			fmt.Sprintf("With %d treated and %d in the control group the smallest rise found with 80 %% power at the 5 %% level is %.2f percentage points.", m.Treated, m.Kept, 100*p.Smallest),
			fmt.Sprintf("实验组 %d 人、对照组 %d 人：在 5%% 显著性水平和 80%% 功效下，可检出的最小提升为 %.2f 个百分点。", m.Treated, m.Kept, 100*p.Smallest))
		return
	}
	c.note("power",
		fmt.Sprintf("With %d treated and %d in the control group the smallest rise found with 80 %% power at the 5 %% level is %.2f percentage points, a lift of %.0f %%; the power for a lift of 10 %% is %.0f %%, of 20 %% %.0f %%.",
			m.Treated, m.Kept, 100*p.Smallest, 100*p.Smallest/p.Base, 100*p.Ten, 100*p.Twenty),
		fmt.Sprintf("实验组 %d 人、对照组 %d 人：在 5%% 显著性水平和 80%% 功效下，可检出的最小提升为 %.2f 个百分点（相对提升 %.0f%%）；提升 10%% 的检出功效为 %.0f%%，提升 20%% 为 %.0f%%。",
			m.Treated, m.Kept, 100*p.Smallest, 100*p.Smallest/p.Base, 100*p.Ten, 100*p.Twenty))
}
