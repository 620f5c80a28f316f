package engine

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"clientele/engine/internal/duck"
	"clientele/engine/list"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/queries"
)

// lists is the folder of the target lists.
func (e *Engine) lists() string { return e.path(workspace.ListsName) }

// viewLists makes the temporary views lists and list_members, and in the place of
// the stored responses a view that holds the members of lists too, as assigned.
func (e *Engine) viewLists(ctx context.Context, db *duck.DB) error {
	lists, err := list.All(e.lists())
	if err != nil {
		return err
	}
	if err := db.LoadTable(ctx, "target_stored", storedTable(lists)); err != nil {
		return fmt.Errorf("view lists: %w", err)
	}
	if err := viewMembers(ctx, db, "target_all_members", lists); err != nil {
		return fmt.Errorf("view list_members: %w", err)
	}
	for _, v := range [][2]string{{"lists", "stored"}, {"list_members", "stored_members"}, {"responses", "responses"}} {
		if v[0] == "responses" && len(lists) == 0 {
			continue // the stored ones are all that there is
		}
		if err := db.Exec(ctx, "CREATE OR REPLACE TEMP VIEW "+v[0]+" AS "+queries.Get("target/"+v[1]).SQL); err != nil {
			return fmt.Errorf("view %s: %w", v[0], err)
		}
	}
	return nil
}

// storedTable is what is known of lists without a look at their members.
func storedTable(lists []list.List) *table.Table {
	words := map[string]*table.Column{}
	t := table.New()
	for _, name := range []string{"list_id", "segment", "scheme", "rule", "channel", "campaign_id", "arm"} {
		words[name] = textColumn(name)
		t.Add(words[name])
	}
	n := len(lists)
	asOf, on := table.NewColumn(table.Field{Name: "as_of", Kind: table.Date}, n), table.NewColumn(table.Field{Name: "on", Kind: table.Date}, n)
	treated, control := table.NewColumn(table.Field{Name: "treated", Kind: table.Int}, n), table.NewColumn(table.Field{Name: "control", Kind: table.Int}, n)
	cancelled, share := table.NewColumn(table.Field{Name: "cancelled", Kind: table.Bool}, n), table.NewColumn(table.Field{Name: "share", Kind: table.Float}, n)
	for i, l := range lists {
		for name, text := range map[string]string{"list_id": l.ID, "segment": l.Segment, "scheme": l.Scheme, "rule": l.Rule, "channel": l.Channel, "campaign_id": l.Campaign, "arm": l.Arm} {
			words[name].Texts.AppendString(text)
		}
		asOf.Dates[i], on.Dates[i] = dayNumber(l.AsOf), dayNumber(l.On)
		treated.Ints[i], control.Ints[i], cancelled.Bools[i], share.Floats[i] = l.Treated, l.Kept, l.Cancelled != nil, l.Share
	}
	columns := t.Columns()
	return table.New(append(columns, asOf, on, treated, control, cancelled, share)...)
}

// dayNumber is a day of a manifest; one that is none is the first day there is.
func dayNumber(text string) int32 {
	day, err := ParseDay(text)
	if err != nil {
		return 0
	}
	return int32(day)
}

// memberColumns are the columns of the files of members.
const memberColumns = "list_id VARCHAR, customer_id VARCHAR, member BIGINT, arm VARCHAR, rank BIGINT, value DOUBLE, stratum VARCHAR"

// viewMembers makes a temporary view of the members of lists.
func viewMembers(ctx context.Context, db *duck.DB, name string, lists []list.List) error {
	var files []string
	for _, l := range lists {
		path, err := filepath.Abs(l.File(list.MembersName))
		if err != nil {
			return err
		}
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return fmt.Errorf("list %s is damaged: %w", l.ID, underlying(err))
		}
		files = append(files, duck.Literal(path))
	}
	view := "CREATE OR REPLACE TEMP VIEW " + duck.Identifier(name) + " AS SELECT " + nothing(memberColumns) + " WHERE false"
	if len(files) > 0 {
		view += " UNION ALL BY NAME SELECT * FROM read_parquet([" + strings.Join(files, ", ") + "], union_by_name=true)"
	}
	return db.Exec(ctx, view)
}
