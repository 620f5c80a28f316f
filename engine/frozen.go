package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"clientele/engine/config"
	"clientele/engine/table"
	"clientele/engine/workspace"
	"clientele/models"
	"clientele/models/cluster"
	"clientele/models/gammagamma"
	"clientele/models/purchase"
	"clientele/models/rfm"
	"clientele/models/risk"
)

// frozen are the saved models that score in place of new fits. What is nil is
// fitted as usual. A nil *frozen is none at all.
type frozen struct {
	saved    []*savedModel // in the order of their names
	scheme   models.Fitted // of rfm
	purchase *purchase.Fitted
	spend    *gammagamma.Fitted
	churn    models.Fitted // *risk.Score or *purchaseRisk
	clusters *cluster.Fitted
}

// frozenModels reads the models that the configuration names. currency is that of
// the shop, empty where it has none.
func (e *Engine) frozenModels(currency string) (*frozen, error) {
	if len(e.Config.Models.Frozen) == 0 {
		return nil, nil
	}
	z := &frozen{}
	for _, path := range e.Config.Models.Frozen {
		if !filepath.IsAbs(path) {
			path = e.path(path)
		}
		list, err := savedAt(path, e.Config)
		if err != nil {
			return nil, err
		}
		for _, s := range list {
			if err := z.take(s, e.Config, currency); err != nil {
				return nil, fmt.Errorf("model %s: %w", s.path, err)
			}
		}
	}
	slices.SortFunc(z.saved, func(a, b *savedModel) int { return strings.Compare(a.Model, b.Model) })
	return z, nil
}

// savedAt loads one saved model, or those of a run's folder that have learned
// something.
func savedAt(path string, cfg config.Config) ([]*savedModel, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", path, underlying(err))
	}
	if !info.IsDir() {
		s, err := readSaved(path)
		if err != nil {
			return nil, err
		}
		learned, err := s.load(cfg)
		if err == nil && !learned {
			err = fmt.Errorf("model %s: %s has learned nothing that could score", path, s.Model)
		}
		return []*savedModel{s}, err
	}
	all, err := savedOf(path)
	if err != nil {
		return nil, err
	}
	var list []*savedModel
	for _, s := range all {
		learned, err := s.load(cfg)
		if err != nil {
			return nil, err
		}
		if learned {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("models of %s: there are none: name the folder of a run, such as %s, or score its date again", path, filepath.Join(workspace.ExportsName, workspace.CurrentName))
	}
	return list, nil
}

// load restores what was learned. It tells models that learn from those that are
// settings alone, and fits from those that found nothing to learn from.
func (s *savedModel) load(cfg config.Config) (learned bool, err error) {
	switch f := s.purchaseFamily(); {
	case s.Model == "rfm":
		s.fitted, err = RFM(cfg).Load(s.Fitted)
	case s.Model == gammagamma.Name:
		s.fitted, err = (&gammagamma.Model{}).Load(s.Fitted)
	case s.Model == risk.Name:
		s.fitted, err = loadRisk(s.Fitted)
	case s.Model == cluster.Name && cfg.Clusters.Method != noMethod:
		s.fitted, err = clusterModel(cfg, nil).Load(s.Fitted)
	case f != nil:
		s.fitted, err = (&purchase.Model{Family: f}).Load(s.Fitted)
	default:
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("model %s: %w", s.path, err)
	}
	return s.fitted.Report().Status != models.Skipped, nil
}

// savedPurchaseRisk is the JSON of a purchaseRisk.
type savedPurchaseRisk struct {
	Method   string           `json:"method"`
	Window   int              `json:"window_days"`
	Status   models.Status    `json:"status"`
	Rows     int              `json:"rows"`
	Warnings []models.Warning `json:"warnings,omitempty"`
}

// MarshalJSON implements json.Marshaler.
func (f *purchaseRisk) MarshalJSON() ([]byte, error) {
	return json.Marshal(savedPurchaseRisk{f.Method, f.Window, f.report.Status, f.report.Rows, f.report.Warnings})
}

// loadRisk restores a churn score, or what takes the purchase model's word.
func loadRisk(data []byte) (models.Fitted, error) {
	var head struct {
		Method string `json:"method"`
	}
	if err := json.Unmarshal(data, &head); err != nil || head.Method != purchaseRiskMethod {
		return risk.Load(data)
	}
	var s savedPurchaseRisk
	if err := models.Decode(data, &s); err != nil {
		return nil, fmt.Errorf("load %s: %w", risk.Name, err)
	}
	return &purchaseRisk{Method: s.Method, Window: s.Window, report: models.Report{
		Model: risk.Name, Method: s.Method, Status: s.Status, Rows: s.Rows, LogLikelihood: math.NaN(), Warnings: s.Warnings}}, nil
}

// take puts one model in its place, where it fits the configuration and the shop.
func (z *frozen) take(s *savedModel, cfg config.Config, currency string) error {
	for _, other := range z.saved {
		if other.Model == s.Model || other.purchaseFamily() != nil && s.purchaseFamily() != nil {
			return fmt.Errorf("%s and %s of %s both stand for one model: name one of them", s.Model, other.Model, other.path)
		}
	}
	if err := s.suits(cfg, currency); err != nil {
		return err
	}
	switch f := s.fitted.(type) {
	case *purchase.Fitted:
		z.purchase = f
	case *gammagamma.Fitted:
		z.spend = f
	case *rfm.Fitted:
		z.scheme = f
	case *cluster.Fitted:
		z.clusters = f
	default:
		z.churn = f
	}
	z.saved = append(z.saved, s)
	return nil
}

// suits compares what the columns mean where the model was fitted and here.
func (s *savedModel) suits(cfg config.Config, currency string) error {
	was, is := s.Settings, settingsOf(cfg)
	for _, d := range []struct{ setting, was, is string }{
		{"purchases", was.Purchases, is.Purchases},
		{"models.buying", strings.Join(was.Buying, ", "), strings.Join(is.Buying, ", ")},
		{"models.leaving", strings.Join(was.Leaving, ", "), strings.Join(is.Leaving, ", ")},
		{"models.by", was.By, is.By},
	} {
		if d.was != d.is {
			return fmt.Errorf("%s was fitted with %s %q, and here it is %q: set it alike, or fit anew", s.Model, d.setting, d.was, d.is)
		}
	}
	if s.Currency != "" && currency != "" && s.Currency != currency {
		return fmt.Errorf("%s was fitted to money in %s, and this shop reckons in %s", s.Model, s.Currency, currency)
	}
	window := cfg.Churn.Window
	switch f := s.fitted.(type) {
	case *gammagamma.Fitted:
		if first := f.IncludeFirst(); first != cfg.Models.FirstSpend {
			return fmt.Errorf("%s was fitted with models.first_spend %v, and here it is %v: set it alike, or fit anew", s.Model, first, cfg.Models.FirstSpend)
		}
	case *risk.Score:
		window = f.Window
	case *purchaseRisk:
		window = f.Window
	}
	if window != cfg.Churn.Window {
		return fmt.Errorf("%s tells of %d days, and here churn.window_days is %d: set it alike, or fit anew", s.Model, window, cfg.Churn.Window)
	}
	return nil
}

// of is the saved model of that name; nil where there is none.
func (z *frozen) of(model string) *savedModel {
	if z == nil {
		return nil
	}
	for _, s := range z.saved {
		if s.Model == model {
			return s
		}
	}
	return nil
}

// text is the file of the saved model of that name; nil where there is none.
func (z *frozen) text(model string) []byte {
	if s := z.of(model); s != nil {
		return s.text
	}
	return nil
}

// forecasting is the saved purchase model, looking ahead as m does; nil where there
// is none.
func (z *frozen) forecasting(m *purchase.Model) (*purchase.Fitted, error) {
	if z == nil || z.purchase == nil {
		return nil, nil
	}
	return z.purchase.Forecasting(*m)
}

// family is that of the saved purchase model; nil where there is none.
func (z *frozen) family() purchase.Family {
	if z == nil || z.purchase == nil {
		return nil
	}
	return z.purchase.Model().Family
}

// inputs name the saved models in the manifest.
func (z *frozen) inputs() []workspace.Model {
	if z == nil {
		return nil
	}
	var out []workspace.Model
	for _, s := range z.saved {
		out = append(out, s.input())
	}
	return out
}

// input names a saved model in the manifest.
func (s *savedModel) input() workspace.Model {
	return workspace.Model{Model: s.Model, AsOf: s.AsOf, SHA256: s.sha256}
}

// inputOf is the hash of the facts and of the saved models.
func inputOf(facts string, list []workspace.Model) string {
	if len(list) == 0 {
		return facts
	}
	h := sha256.New()
	fmt.Fprintln(h, facts)
	for _, m := range list {
		fmt.Fprintln(h, m.Model, m.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// apply puts saved models in the place of those that would be fitted.
func (z *frozen) apply(list []models.Model, m *purchase.Model) ([]models.Model, error) {
	if z == nil {
		return list, nil
	}
	for i, l := range list {
		spec := l.Spec()
		s := z.of(spec.Name)
		if s == nil {
			continue
		}
		k := &frozenModel{saved: s, spec: spec, asOf: Day(m.AsOf)}
		switch {
		case spec.Name == "rfm":
			k.fitted = z.scheme
		case spec.Name == gammagamma.Name:
			k.fitted = z.spend
		case spec.Name == risk.Name:
			k.fitted = z.churn
		case spec.Name == cluster.Name:
			k.fitted = z.clusters
		default:
			f, err := z.forecasting(m)
			if err != nil {
				return nil, err
			}
			k.fitted, k.spec = f, f.Model().Spec()
		}
		list[i] = k
	}
	return list, nil
}

// frozenModel is a Model that learned elsewhere or before.
type frozenModel struct {
	saved  *savedModel
	spec   models.Spec
	fitted models.Fitted
	asOf   Day // of the run
}

// Spec implements models.Model.
func (m *frozenModel) Spec() models.Spec { return m.spec }

// Fit implements models.Model: it only looks whether the columns are there.
func (m *frozenModel) Fit(ctx context.Context, in *table.Table) (models.Fitted, error) {
	if err := m.spec.Check(in); err != nil {
		return nil, fmt.Errorf("model %s: what it was fitted to is not here: %w", m.saved.path, err)
	}
	return m.fitted, ctx.Err()
}

// reports are those of the fit, or of each of several, with where they come from.
func (m *frozenModel) reports() []models.Report {
	all := reportsOf(m.fitted)
	for i := range all {
		all[i].Status, all[i].Iterations = models.Fixed, 0
	}
	all[0].Warnings = append(m.warnings(), all[0].Warnings...)
	return all
}

// warnings say that nothing was fitted, and what that means.
func (m *frozenModel) warnings() []models.Warning {
	out := []models.Warning{m.saved.warning()}
	if f, ok := m.fitted.(*purchase.Fitted); ok && f.Level() != 1 {
		out = append(out, models.Warning{Code: "frozen_level",
			En: fmt.Sprintf("Expected orders are at the level saved with the model: %.3f times what its parameters give.", f.Level()),
			Zh: fmt.Sprintf("预计订单数按随模型保存的水平计算：参数所得结果的 %.3f 倍。", f.Level())})
	}
	if from, err := ParseDay(m.saved.AsOf); err == nil && from > m.asOf {
		out = append(out, models.Warning{Code: "frozen_later",
			En: fmt.Sprintf("%s was fitted as of %v, after %v: these scores use what nobody knew on their day.", m.saved.Model, from, m.asOf),
			Zh: fmt.Sprintf("%s 拟合于 %v，晚于 %v：这些评分使用了当日尚不可知的信息。", m.saved.Model, from, m.asOf)})
	}
	return out
}

// warning says that nothing was fitted.
func (s *savedModel) warning() models.Warning {
	return models.Warning{Code: "frozen",
		En: fmt.Sprintf("%s scores with saved parameters, frozen from as_of=%s (rows: %d); nothing was fitted.", s.Model, s.AsOf, s.fitted.Report().Rows),
		Zh: fmt.Sprintf("%s 使用保存的参数评分，冻结自 as_of=%s（拟合行数：%d）；本次未拟合。", s.Model, s.AsOf, s.fitted.Report().Rows)}
}

// reportsOf tell how a fit went, or each of several.
func reportsOf(f models.Fitted) []models.Report {
	if several, ok := f.(models.Reporter); ok {
		return several.Reports()
	}
	return []models.Report{f.Report()}
}

// known are the warnings about looking back with a saved model from a day.
func (z *frozen) known(day Day) []models.Warning {
	if z == nil {
		return nil
	}
	var out []models.Warning
	for _, s := range z.saved {
		if s.purchaseFamily() == nil {
			continue
		}
		if from, err := ParseDay(s.AsOf); err == nil && from > day {
			out = append(out, models.Warning{Code: "frozen_knew",
				En: fmt.Sprintf("The look back from %v uses the saved %s of %s: where that was fitted to this shop, it knew the days that it is judged by.", day, s.Model, s.AsOf),
				Zh: fmt.Sprintf("从 %v 起的回顾使用 %[3]s 保存的 %[2]s：若它由本店数据拟合，则已见过用于检验的日期。", day, s.Model, s.AsOf)})
		}
	}
	return out
}

// addSaved sets the saved purchase model beside those that are fitted as of the
// origin's day: is it time to fit anew? Where it was fitted later it would be judged
// by days that it may have learned from, and is left out.
func (p *past) addSaved(o *origin) error {
	f := p.beside.family()
	if f == nil || len(p.beside.known(o.day)) > 0 {
		return nil
	}
	q := *p
	q.frozen = p.beside
	made, err := q.another(o, f, "saved_")
	if err == nil {
		made.saved = true
	}
	return err
}

// another adds what a model forecasts under the settings of p, by another name.
func (p *past) another(o *origin, f purchase.Family, prefix string) (*forecast, error) {
	each := (&gammagamma.Model{}).Spec().Make(o.table.Rows())
	if err := o.spend.Score(p.ctx, each, o.table); err != nil {
		return nil, err
	}
	made, err := p.forecast(o, f, each.Floats("expected_spend"))
	if err != nil {
		return nil, err
	}
	made.name = prefix + made.name
	o.forecasts = append(o.forecasts, made)
	return made, nil
}
