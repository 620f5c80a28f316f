package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/config"
)

func newCampaign(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "campaign",
		Short: "What campaigns did: funnel, lift against control, money, attribution",
		Example: `  clientele campaign list
  clientele campaign show CMP-2026-0402`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newCampaignList(a), newCampaignShow(a), newCampaignAttribution(a))
	return cmd
}

func newCampaignList(a *app) *cobra.Command {
	var asOf string
	lang := "en"
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Campaigns and how many customers they reached",
		Long: `Every campaign of which a campaigns file, a response or a target list tells, the newest first:
how many customers were assigned to be contacted and how many were kept back, and how many customers
did what. Opens by machines are left out.`,
		Example: `  clientele campaign list
  clientele campaign list --format csv > campaigns.csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Campaigns(cmd.Context(), asOf)
			if err != nil {
				return err
			}
			return a.rows(a.worded(t, lang, headsZh()))
		},
	}
	asOfFlag(cmd, &asOf)
	cmd.Flags().Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of the table for people: en or zh")
	return cmd
}

func newCampaignAttribution(a *app) *cobra.Command {
	var asOf string
	var window int
	by := "campaign"
	cmd := &cobra.Command{
		Use:   "attribution",
		Short: "Share orders out among the campaigns that touched the customer before",
		Long: `Share each order that followed a click or an opening within the window out among the campaigns,
or the channels, that touched the customer since the order before: all to the first, all to the last,
alike (linear), 40-20-40 (position), half as much for every 7 days (time_decay), and by what would be
lost without one (markov, removal effect). These rules describe who was there when customers ordered.
What a campaign caused is told by clientele campaign show, against a control group.`,
		Example: `  clientele campaign attribution
  clientele campaign attribution --by channel --window 14 --format csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := wholeWindow(cmd, window); err != nil {
				return err
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			t, err := e.Attribution(cmd.Context(), asOf, by, window)
			if err != nil {
				return err
			}
			return a.rows(t)
		},
	}
	asOfFlag(cmd, &asOf)
	cmd.Flags().IntVar(&window, "window", 0, "`DAYS` before an order in which a touch counts (default campaigns.window_days)")
	cmd.Flags().Var(&choice{&by, engine.Attributions()}, "by", "what is given a share: campaign or channel")
	return cmd
}

// briefCampaign are the sections that people are shown unless they ask for one.
func briefCampaign() []string { return []string{"funnel", "arms", "lift", "money", "attribution"} }

func newCampaignShow(a *app) *cobra.Command {
	var r engine.CampaignReading
	var section, ratio string
	lang := "en"
	cmd := &cobra.Command{
		Use:   "show CAMPAIGN",
		Short: "The result of one campaign: what it caused, and what that is worth",
		Long: `Read the result of a campaign by assignment: all who were assigned to be contacted, whether or not
the message reached them, beside all who were kept back at random. What happened in the window from
the day of assignment on counts: orders, their net value less refunds, or, with --outcome, an event of
the responses and its value.

The sections: campaign; funnel (what happened to the messages; opens by machines stand apart); arms
(who responded, with Wilson's interval); lift (arm less control: rates by Newcombe's interval and the
pooled z test, exact where counts are small; spend by Welch's test, a bootstrap interval and ranks;
CUPED takes away what was spent in the 365 days before, and says how much of the variance that was;
Holm's correction where there are several arms); money (incremental customers, revenue, margin, profit,
return on the cost); groups (within segment, cell and channel, corrected by Benjamini and Hochberg);
attribution (what share of the orders after a click or an opening each rule gives to this campaign).

An arm that was drawn by target lists is compared with those who were kept back from its own lists;
where these keep back different shares the reading stops, and groups compares within each list.

With several arms the sentence at the head, the rows "all arms together" of lift and the intervals of
money hold for all arms at once (Bonferroni): an arm is named as raising or lowering the response only
where its interval at 1 - 5%/arms leaves out zero, so that the best of many is not taken for an effect.

While windows are open, nothing is shown that holds for a single look at the end: lift has intervals
and p-values alone that hold however often one looks (a mixture sequential test), for all arms at once,
and money and groups come with the last day.

Without a control group nothing can be said about what the campaign caused, and the funnel is all
there is. When arms do not have the sizes that were meant, the reading stops.`,
		Example: `  clientele campaign show CMP-2026-0402
  clientele campaign show CMP-2026-0402 --outcome clicked --window 7
  clientele campaign show spring --ratio 1:1:1 --covariate attribute.history --by attribute.zip
  clientele campaign show CMP-2026-0402 --section groups --format csv > groups.csv`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, list []string) error {
			r.Campaign = list[0]
			if section != "" && !slices.Contains(engine.CampaignSections(), section) {
				return usageError{fmt.Errorf("--section %s: the sections are %s", section, strings.Join(engine.CampaignSections(), ", "))}
			}
			err := wholeWindow(cmd, r.Window)
			if err != nil {
				return err
			}
			if r.Ratio, err = ratioOf(ratio); err != nil {
				return usageError{err}
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			out, err := e.CampaignResult(cmd.Context(), r)
			if err != nil {
				return err
			}
			return a.campaignShown(out, section, lang)
		},
	}
	f := cmd.Flags()
	asOfFlag(cmd, &r.AsOf)
	f.IntVar(&r.Window, "window", 0, "`DAYS` from the assignment on that count (default campaigns.window_days)")
	f.Var(&choice{&r.Outcome, append([]string{"orders"}, config.OutcomeEvents()...)}, "outcome", "what counts: orders, converted, clicked or opened (default campaigns.outcome)")
	f.StringVar(&r.Covariate, "covariate", "", "for CUPED: spend (of the 365 days before), none, or attribute.`NAME` (default spend)")
	f.StringSliceVar(&r.By, "by", nil, "groups to compare within: "+strings.Join(engine.Groupings(), ", ")+", list_id or attribute.NAME (default the first three)")
	f.StringVar(&ratio, "ratio", "", "sizes that the arms were meant to have, such as 3:1: arms by name, then control (default what target lists say)")
	f.StringVar(&section, "section", "", "print one section: "+strings.Join(engine.CampaignSections(), ", "))
	f.Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of sentences and tables for people: en or zh")
	return cmd
}

// wholeWindow refuses a window that was asked for and has no day.
func wholeWindow(cmd *cobra.Command, days int) error {
	if cmd.Flags().Changed("window") && days < 1 {
		return usageError{fmt.Errorf("--window %d: at least one day is needed", days)}
	}
	return nil
}

// ratioOf reads 3:1.
func ratioOf(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var out []float64
	for _, part := range strings.Split(text, ":") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(v > 0) || v > 1e9 {
			return nil, fmt.Errorf("--ratio %q: not sizes such as 3:1", text)
		}
		out = append(out, v)
	}
	return out, nil
}

// campaignShown prints a result.
func (a *app) campaignShown(out *engine.CampaignResult, section, lang string) error {
	word := func(en, zh string) string {
		if lang == "zh" {
			return zh
		}
		return en
	}
	if section != "" {
		t := out.Section(section)
		if t == nil {
			return fmt.Errorf("campaign %s has no section %s: %s", out.ID, section, word(out.Verdict.En, out.Verdict.Zh))
		}
		return a.rows(a.worded(t, lang, headsZh()))
	}
	if a.format == "json" {
		return a.campaignJSON(out)
	}
	if a.format == "csv" {
		return usageError{errors.New("several tables are no CSV: use --section NAME, or --format table or json")}
	}
	fmt.Fprintln(a.out, word(out.Verdict.En, out.Verdict.Zh))
	for _, w := range out.Warnings {
		fmt.Fprintln(a.out, "- "+word(w.En, w.Zh))
	}
	fmt.Fprintln(a.out)
	var list []engine.Section
	for _, s := range out.Sections {
		if slices.Contains(briefCampaign(), s.Title) {
			list = append(list, s)
		}
	}
	if out.Section("groups") != nil {
		a.remark("%s", word("within segments, cells and channels: --section groups", "按客群、RFM 类别和渠道细分：--section groups"))
	}
	return a.sections(a.wordedSections(list, lang, headsZh()))
}

func (a *app) campaignJSON(out *engine.CampaignResult) error {
	head := struct {
		ID       string `json:"campaign_id"`
		Name     string `json:"name,omitempty"`
		Channel  string `json:"channel,omitempty"`
		AsOf     string `json:"as_of"`
		From     string `json:"from,omitempty"`
		To       string `json:"to,omitempty"`
		Window   int    `json:"window_days"`
		Outcome  string `json:"outcome"`
		Open     bool   `json:"open"`
		Verdict  any    `json:"verdict"`
		Warnings any    `json:"warnings"`
	}{ID: out.ID, Name: out.Name, Channel: out.Channel, AsOf: out.AsOf.String(), Window: out.Window, Outcome: out.Outcome, Open: out.Open, Verdict: out.Verdict, Warnings: out.Warnings}
	if out.To > 0 {
		head.From, head.To = out.From.String(), out.To.String()
	}
	if len(out.Warnings) == 0 {
		head.Warnings = []string{}
	}
	text, err := plainJSON(head)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, `{"campaign": %s, "sections": `, text)
	if err := writeSections(a.out, out.Sections); err != nil {
		return err
	}
	_, err = fmt.Fprintln(a.out, "}")
	return err
}
