package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"clientele/engine"
	"clientele/engine/config"
	"clientele/engine/table"
)

func newTarget(a *app) *cobra.Command {
	var cut engine.Cut
	control := &share{}
	cmd := &cobra.Command{
		Use:   "target [SEGMENT] --channel CHANNEL --to FILE",
		Short: "Cut a target list: who may be contacted, ranked, with a control group",
		Long: `Cut a list of the customers of a segment who may be contacted on a channel, keep some of them
back as a control group, and write the others to a file. The list is kept under lists/ for good;
with --campaign its members count as assigned to the campaign, so that its result can be measured.

Left out are, in this order: who has no address of the channel; who did not agree to it
(contact.consent); who stands in a suppression file (contact.suppress); who unsubscribed, bounced
or reported spam there; who complained lately; who was contacted as often as contact.caps allow;
who is in a segment of contact.exclude; who has the same address as somebody ranked higher; the
universal control group (contact.universal); who is below the limit. Somebody else's refusal at
the same address counts too. Refusals that came after the day of the run count as well. Responses do
not tell a full mailbox from an address that is none, so a bounce counts until a later message of the
channel is known to have been delivered, opened or clicked; where it tells the address, for that alone.

The universal control group is drawn by a hash of the customer's id. Who was held out under an id
that was merged into another one since stays out, as does who shares an address with somebody in the
group; so it may be more than its share of a list, and then the list says how much.

The power that is told before the list is cut needs a base rate: how many order in so many days
(campaigns.window_days) anyway. It is what the same selection did after an earlier run, the latest
one whose days are over, of at least 100 customers; else what the purchase model of the run expects
of the list; else what the list did in the days before. Which it is stands beside it.

Which customers are kept back is drawn by a hash with the key of the workspace: in one campaign a
customer keeps the same arm. Without --campaign it depends on segment, channel and day.

` + layoutsHelp,
		Example: `  clientele target "At Risk" --channel sms --campaign spring --to spring.csv
  clientele target lifecycle/lost --channel email --rank risk --limit 5000 --to lost.xlsx --lang zh
  clientele target --where "city = '杭州' and orders in 90 days >= 2" --channel sms --to 杭州.csv
  clientele target Champions --channel email --to vip.csv --layout mailchimp --columns email,name,city
  clientele target "At Risk" --channel sms --budget 500 --cost-per-contact 0.05 --control 20% --dry-run`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			if len(list) == 1 {
				cut.Segment = list[0]
			}
			if err := given(cmd.Flags()); err != nil {
				return err
			}
			if err := missing(cut); err != nil {
				return err
			}
			if control.set {
				cut.Control = &control.value
			}
			if cmd.Flags().Changed("stratify") && cut.Stratify == nil {
				cut.Stratify = []string{}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			done, err := e.Target(cmd.Context(), cut, a.announce(cut.File.Lang))
			return a.cutDone(done, cut.File.Lang, err)
		},
	}
	flags := cmd.Flags()
	flags.Var(&choice{&cut.Channel, config.ContactChannels()}, "channel", strings.Join(config.ContactChannels(), ", "))
	flags.StringVar(&cut.Where, "where", "", "a `RULE` that holds besides, in the language of clientele segment rules; SEGMENT may be left out then")
	flags.StringVar(&cut.Campaign, "campaign", "", "campaign `ID` that the list is for")
	flags.StringVar(&cut.Arm, "arm", "", "`NAME` of the treatment, where a campaign has several (default treated)")
	flags.StringVar(&cut.Rank, "rank", "value", "what customers are ranked by: value (clv), risk (churn_risk x clv), or a `COLUMN` of scores; -COLUMN: the smallest first")
	flags.Int64Var(&cut.Limit, "limit", 0, "treated customers at most (default all)")
	flags.StringVar(&cut.Budget, "budget", "", "`AMOUNT` that may be spent, with --cost-per-contact")
	flags.StringVar(&cut.Cost, "cost-per-contact", "", "`AMOUNT` that one contact costs")
	flags.Var(control, "control", "`SHARE` of the list that is kept back, such as 10% (default contact.control)")
	flags.StringSliceVar(&cut.Stratify, "stratify", nil, "`COLUMNS` of scores within each value of which that share holds (default contact.stratified)")
	flags.Var(&day{&cut.On, nil}, "on", "`DAY` from which the list counts, YYYY-MM-DD (default the day after the run's)")
	flags.BoolVar(&cut.DryRun, "dry-run", false, "say what the list would be, and cut nothing")
	runFlag(cmd, &cut.AsOf)
	fileFlags(cmd, &cut.File)
	return cmd
}

// layoutsHelp says what the layouts of files are for.
const layoutsHelp = `Layouts: csv is for people who open it in a spreadsheet, with a byte order mark, and with ids, telephone
numbers and other texts that a spreadsheet would take for numbers or days as ="+8613800138000"; xlsx is
for people too. plain is CSV for programs: no mark, names of columns as headings, texts as they are.
mailchimp, klaviyo, sendgrid and sms are what these tools import. In all CSV a text that would be a
formula gets an apostrophe in front. clientele reads every one of them back.`

// fileFlags adds the flags of a file of a list.
func fileFlags(cmd *cobra.Command, file *engine.ListFile) {
	file.Lang = "en"
	flags := cmd.Flags()
	flags.StringVar(&file.To, "to", "", "the `FILE` of those who are to be contacted")
	flags.Var(&choice{&file.Layout, engine.Layouts()}, "layout", strings.Join(engine.Layouts(), ", ")+" (default by the name of the file)")
	flags.StringSliceVar(&file.Columns, "columns", nil, "`COLUMNS` of the file: of contacts, customers and scores, list_id, arm, rank, attribute.NAME (default what the layout needs)")
	flags.Var(&choice{&file.Lang, []string{"en", "zh"}}, "lang", "of headings and of what is printed: en or zh")
}

// given refuses flags that are given and say nothing: what is meant by --limit 0 cannot
// be told.
func given(flags *pflag.FlagSet) error {
	var wrong error
	flags.Visit(func(f *pflag.Flag) {
		text := strings.TrimSpace(f.Value.String())
		switch f.Name {
		case "limit":
			if text == "0" {
				wrong = usageError{errors.New("--limit 0: nobody would be on the list; leave it out for all")}
			}
		case "budget", "cost-per-contact":
			if v, err := strconv.ParseFloat(text, 64); text == "" || err == nil && v <= 0 {
				wrong = usageError{fmt.Errorf("--%s %q: not an amount above zero; leave it out for no budget", f.Name, text)}
			}
		case "where", "campaign", "arm", "rank", "to":
			if text == "" {
				wrong = usageError{fmt.Errorf("--%s: says nothing; leave it out", f.Name)}
			}
		case "columns":
			if text == "[]" {
				wrong = usageError{errors.New("--columns: names none; leave it out for those that the layout needs")}
			}
		}
	})
	return wrong
}

// missing says which word or flag of a cut is not there.
func missing(cut engine.Cut) error {
	switch {
	case cut.Segment == "" && cut.Where == "":
		return usageError{errors.New("SEGMENT is missing: clientele segment list shows them")}
	case cut.Channel == "":
		return usageError{fmt.Errorf("--channel is needed: %s", strings.Join(config.ContactChannels(), ", "))}
	case cut.File.To == "" && !cut.DryRun:
		return usageError{errors.New("--to FILE is needed, or --dry-run: see clientele target --help")}
	case cut.Limit < 0:
		return usageError{fmt.Errorf("--limit %d: is below zero", cut.Limit)}
	case (cut.Budget == "") != (cut.Cost == ""):
		return usageError{errors.New("--budget and --cost-per-contact go together")}
	}
	return nil
}

// share is a flag that holds a share: 0.1 or 10%.
type share struct {
	value float64
	set   bool
}

func (s *share) Type() string { return "share" }

func (s *share) String() string {
	if !s.set {
		return ""
	}
	return strconv.FormatFloat(s.value, 'g', -1, 64)
}

func (s *share) Set(text string) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 0.9 {
		return errors.New("not a share from 0 to 90%, such as 10%")
	}
	s.value, s.set = v, true
	return nil
}

// announce prints the waterfall and what the list will be able to show, before
// anything is cut.
func (a *app) announce(lang string) func(engine.Cutting) error {
	return func(c engine.Cutting) error {
		if a.format == "json" { // one object at the end
			return nil
		}
		if err := a.rows(waterfall(c, lang, a.format)); err != nil || a.format != "table" {
			return err
		}
		for _, n := range c.Notes {
			fmt.Fprintln(a.out, inLang(lang, n.En, n.Zh))
		}
		return nil
	}
}

func inLang(lang, en, zh string) string {
	if lang == "zh" {
		return zh
	}
	return en
}

// waterfall are the steps of a list as rows: in words for people, by code for
// programs.
func waterfall(c engine.Cutting, lang, format string) *table.Table {
	names := []string{"step", "fell", "left"}
	if format == "table" && lang == "zh" {
		names = []string{"步骤", "剔除", "剩余"}
	}
	step := &table.Column{Field: table.Field{Name: names[0], Kind: table.Text}}
	fell, left := &table.Column{Field: table.Field{Name: names[1], Kind: table.Int}}, &table.Column{Field: table.Field{Name: names[2], Kind: table.Int}}
	for _, s := range c.Steps {
		word := s.Step
		if format == "table" {
			word = inLang(lang, s.En, s.Zh)
		}
		step.Texts.AppendString(word)
		fell.Ints, left.Ints = append(fell.Ints, s.Fell), append(left.Ints, s.Left)
	}
	return table.New(step, fell, left)
}

// cutDone says what was cut.
func (a *app) cutDone(c engine.Cutting, lang string, err error) error {
	if err != nil {
		return a.ruleMistakeIn(err, lang)
	}
	if a.format == "json" {
		return writeJSON(a.out, c)
	}
	if c.DryRun {
		a.remark("%s", inLang(lang, "A dry run: nothing was cut.", "试运行：未生成名单。"))
		return nil
	}
	if a.format != "table" {
		a.remark("list %s, file %s", c.ID, c.File)
		return nil
	}
	_, err = fmt.Fprintf(a.out, inLang(lang, "List %s: %d treated, %d kept back; %d rows in %s.\n", "名单 %s：实验组 %d 人，对照组 %d 人；已写入 %d 行：%s。\n"), c.ID, c.Treated, c.Kept, c.Written, c.File)
	return err
}
