package main

import (
	"strings"

	"github.com/spf13/cobra"

	"clientele/engine"
	"clientele/engine/table"
)

func newSegmentClusters(a *app) *cobra.Command {
	var asOf, section string
	lang := "en"
	cmd := &cobra.Command{
		Use:   "clusters",
		Short: "The groups that customers fall into by themselves, and how good they are",
		Long: `Show the clusters of a run: their size, the means of what they are made of, and what sets each one
apart; and the numbers of clusters that were tried:
  silhouette         how much nearer customers are to their own cluster than to the next, up to 1;
                     below 0.25 clusters are slices of one cloud
  stability          how alike resamples of the customers fall apart (mean adjusted Rand index; 1 is
                     alike); below 0.8 another sample would give other clusters
  stability_least    of the resample that differs most
  smallest           share of the smallest cluster; clusters.min_share is the floor
  inertia            mean squared distance to the centre, in standard deviations
  bic                of a mixture of as many components; empty where a component has no spread of its own
  calinski_harabasz, davies_bouldin
                     spread between clusters over spread within them; likeness of neighbours (less is better)
They are made of log1p of clusters.columns, standardised. clusters.k asks for a number of them, and
clusters.match keeps the names of an earlier run.`,
		Example: `  clientele segment clusters
  clientele segment clusters --lang zh
  clientele segment clusters --as-of 2026-03-31 --section clusters --format csv`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.checkSection(section, "clusters", "tried"); err != nil {
				return err
			}
			e, err := a.open(nil)
			if err != nil {
				return err
			}
			c, err := e.Clusters(cmd.Context(), asOf)
			if err != nil {
				return err
			}
			return a.clustered(c, section, lang)
		},
	}
	runFlag(cmd, &asOf)
	f := cmd.Flags()
	f.StringVar(&section, "section", "", "print one section: clusters or tried")
	f.Var(&choice{&lang, []string{"en", "zh"}}, "lang", "of names and sentences in tables: en or zh")
	return cmd
}

// clustered prints the clusters of a run: people get names and sentences of their
// language, and what was found in sentences.
func (a *app) clustered(c *engine.Clustering, section, lang string) error {
	a.remark(inLanguage(lang, "as of %s: %s", "截至 %s：%s"), c.AsOf, inLanguage(lang, c.Method, c.MethodZh))
	if c.Fitted != c.AsOf {
		a.remark(inLanguage(lang, "clusters of %s", "沿用 %s 的分群"), c.Fitted)
	}
	for _, w := range append(c.Notes, c.Warnings...) {
		a.remark("%s", inLanguage(lang, w.En, w.Zh))
	}
	list := c.Sections
	if section != "" {
		for _, s := range list {
			if s.Title == section {
				list = []engine.Section{s}
			}
		}
	}
	if a.format == "table" {
		for i, s := range list {
			list[i].Table = inOneLanguage(s.Table, lang)
		}
		return a.tables(list)
	}
	if section != "" {
		return a.rows(list[0].Table)
	}
	return a.sections(list)
}

// inOneLanguage leaves the texts of one language: of columns en and zh, and of a name
// and its name_zh.
func inOneLanguage(t *table.Table, lang string) *table.Table {
	var out []*table.Column
	for _, c := range t.Columns() {
		plain, chinese := strings.CutSuffix(c.Name, "_zh")
		switch {
		case c.Name == "en" || c.Name == "zh":
			if c.Name != lang {
				continue
			}
			plain = ""
		case chinese != (lang == "zh") && (chinese || t.Lookup(c.Name+"_zh") != nil):
			continue
		}
		named := *c
		named.Name = plain
		if plain == "" {
			named.Name = inLanguage(lang, "what it is", "说明")
		}
		out = append(out, &named)
	}
	return table.New(out...)
}
